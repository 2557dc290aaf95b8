/** What others write takes a bounded place on the screen, and a draft that shows nothing is none. */
import { afterEach, expect, test } from 'vitest'
import { nextTick } from 'vue'
import MessageBubble from '@/components/chat/MessageBubble.vue'
import MessageText from '@/components/contents/text/MessageText.vue'
import ConversationRow from '@/components/list/ConversationRow.vue'
import { aMessage } from '../../support/examples'
import { buttonNamed, mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

function bubble(text: string): HTMLElement {
  const { root } = mount(MessageBubble, {
    message: aMessage({ text }),
    name: 'anna',
    first: true,
    last: true,
    flash: false,
    tabStop: true,
  })
  // What the utility classes do on a phone; they are not built here.
  Object.assign(root.style, { inlineSize: '290px', whiteSpace: 'pre-wrap', lineHeight: '21px' })
  return root.querySelector('.bubble') as HTMLElement
}

test.each([
  ['line breaks', `${'\n'.repeat(1_399)}x`],
  ['lines of one digit', '1\n'.repeat(8_000)],
])('a text of %s is less than two screens high until it is opened', async (_, text) => {
  const element = bubble(text)
  expect(element.offsetHeight).toBeLessThan(1_200)
  buttonNamed('Show more')?.click()
  await nextTick()
  expect(element.offsetHeight).toBeGreaterThan(1_200)
  buttonNamed('Show less')?.click()
  await nextTick()
  expect(element.offsetHeight).toBeLessThan(1_200)
})

test('a tall text is opened by the search that stands at it', async () => {
  const text = `${'line\n'.repeat(200)}needle`
  const { root } = mount(MessageText, { text, found: true })
  await nextTick()
  expect(root.textContent).toContain('needle')
  expect(buttonNamed('Show less')).toBeDefined()
  expect(mount(MessageText, { text }).root.textContent).not.toContain('needle')
})

test('ink of stacked marks ends with the bubble, the time stays inside', () => {
  const marks = Array.from({ length: 112 }, (_, i) => String.fromCharCode(0x300 + i)).join('')
  const element = bubble(`Z${marks.repeat(3)}`.repeat(40))
  const content = element.querySelector('.content') as HTMLElement
  expect(getComputedStyle(content).overflow).toBe('clip')
  const [inner, outer] = [content.getBoundingClientRect(), element.getBoundingClientRect()]
  expect([inner.top, inner.bottom]).toEqual([outer.top, outer.bottom])
  const time = (element.querySelector('time') as HTMLElement).getBoundingClientRect()
  expect(time.bottom).toBeLessThan(outer.bottom)
})

test('a draft of blanks is not shown as one', () => {
  const conversation = {
    id: 'id',
    username: 'anna',
    name: 'anna',
    isNotes: false,
    last: aMessage(),
    activeAt: 1,
    unread: 0,
    muted: false,
    archived: false,
    typing: false,
  }
  const row = (draft: string): string | null => {
    const props = { conversation: { ...conversation, draft }, contact: null, active: false }
    return mount(ConversationRow, props).root.textContent
  }
  expect(row('half')).toContain('Draft:')
  for (const draft of ['', ' \n', '\u200B', '\u2800']) expect(row(draft)).not.toContain('Draft:')
})
