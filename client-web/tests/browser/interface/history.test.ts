/** A long chat: where it opens, it stays, whatever older messages come above. */
import { afterEach, expect, test } from 'vitest'
import { ref, shallowRef } from 'vue'
import MessageList from '@/components/chat/MessageList.vue'
import { aMessage } from '../../support/examples'
import { mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

/** What the app's utility classes would do here. */
const STYLE = `
  .chat { height: 600px; overflow-y: auto; overflow-anchor: none }
  .chat .relative { position: relative }
  .chat .absolute { position: absolute; inset-inline: 0; top: 0 }
`

afterEach(unmountAll)

const message = (order: number) =>
  aMessage({
    id: `message-${order}`,
    order,
    sentAt: 1_700_000_000_000 + order * 60_000,
    text: `number ${order} ${'and so on '.repeat(order % 30)}`,
  })

/** The newest 60 of 400; older ones come 100 at a time, at once or when `let` is called. */
function chat(unread: number, slow = false) {
  document.body.appendChild(document.createElement('style')).textContent = STYLE
  const first = ref(341)
  const messages = shallowRef(Array.from({ length: 60 }, (_, i) => message(341 + i)))
  const waiting: (() => void)[] = []
  mount(MessageList, () => ({
    name: 'anna',
    messages: messages.value,
    unread,
    hasOlder: first.value > 1,
    loading: false,
    typing: false,
    mayReply: true,
    handlers: { reply: () => undefined, info: () => undefined, remove: () => undefined },
    loadUntil: async () => true,
    loadOlder: async () => {
      if (slow) await new Promise<void>((go) => waiting.push(go))
      const from = Math.max(1, first.value - 100)
      const page = Array.from({ length: first.value - from }, (_, i) => message(from + i))
      first.value = from
      messages.value = [...page, ...messages.value]
    },
  }))
  const pane = document.querySelector('.chat') as HTMLElement
  /** How far below the pane's upper edge, px; null: not drawn. */
  const place = (order: number): number | null => {
    const row = pane.querySelector(`[data-id="message-${order}"]`)
    return row ? row.getBoundingClientRect().top - pane.getBoundingClientRect().top : null
  }
  return { pane, place, waiting, loaded: () => 401 - first.value }
}

test('it opens where the unread begin, and older messages that come meanwhile move nothing', async () => {
  const { place, loaded } = chat(55)
  await until(() => loaded() > 60, 'older ones came')
  await until(() => place(346) !== null, 'the first unread is drawn')
  // The line that says so stands above it.
  expect(place(346)).toBeGreaterThan(0)
  expect(place(346)).toBeLessThan(120)
})

test('what is read at the top stays in its place when older messages come', async () => {
  const { pane, place, waiting, loaded } = chat(0, true)
  await until(() => pane.scrollTop > 0, 'it is at the end')
  pane.scrollTop = 0
  await until(() => waiting.length > 0, 'older ones are asked for')
  await until(() => (place(343) ?? -1) > 0, 'the oldest are seen')
  const before = place(343) ?? 0
  waiting.shift()?.()
  await until(() => loaded() > 60, 'older ones came')
  await until(() => pane.scrollTop > 0, 'they are above')
  expect(Math.abs((place(343) ?? Infinity) - before)).toBeLessThan(2)
})

test('whoever stands at the top gets the whole of it, page after page, without scrolling', async () => {
  const { pane, loaded } = chat(0)
  await until(() => pane.scrollTop > 0, 'it is at the end')
  for (let page = 0; page < 4; page += 1) {
    pane.scrollTop = 0
    const before = loaded()
    await until(() => loaded() > before || loaded() === 400, 'more came')
  }
  expect(loaded()).toBe(400)
})
