/** The search in one chat: what is asked, where it stands, and what is marked. */
import { afterEach, expect, test, vi } from 'vitest'
import ChatSearch from '@/components/chat/ChatSearch.vue'
import { MessengerError } from '@/messenger/contract'
import type { MessageId, Messenger } from '@/messenger/contract'
import { storesView } from '@/stores/view'
import { aMessage } from '../../support/examples'
import { byTestId, mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

const chat = aMessage().conversation

type SearchIn = Messenger['searchIn']

/** The search over bubbles with these texts; links are elements of their own, as in a bubble. */
function search(searchIn: SearchIn, texts: Record<MessageId, string> = {}) {
  const pane = document.body.appendChild(document.createElement('div'))
  for (const [id, html] of Object.entries(texts)) {
    const row = pane.appendChild(document.createElement('p'))
    row.dataset['id'] = id
    row.innerHTML = `<span data-words>${html}</span><time>12:00</time>`
  }
  const shown: MessageId[] = []
  const found: (MessageId | null)[] = []
  const closed = vi.fn<() => void>()
  const on = {
    onShow: (id: MessageId) => void shown.push(id),
    onFound: (id: MessageId | null) => void found.push(id),
    onClose: closed,
  }
  mount(ChatSearch, { id: chat, pane: () => pane, ...on }, { searchIn })
  const field = byTestId('chat-search-field') as HTMLInputElement
  const press = (key: string, over: KeyboardEventInit = {}): void =>
    void field.dispatchEvent(
      new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...over }),
    )
  return {
    pane,
    shown,
    found,
    closed,
    field,
    press,
    type(text: string): void {
      field.value = text
      field.dispatchEvent(new Event('input', { bubbles: true }))
    },
    line: () => byTestId('chat-search-place')?.textContent?.trim() ?? '',
  }
}

const marked = (name: string): string[] =>
  [...(CSS.highlights.get(name) ?? [])].map((range) => (range as Range).toString())

test('it begins at the newest hit; keys and buttons walk through all and around', async () => {
  const { type, line, press, shown, found } = search(async () => ['c', 'b', 'a'])
  expect(document.activeElement).toBe(byTestId('chat-search-field'))
  type('tent')
  await until(() => line() === '1 of 3', 'the newest')
  press('Enter')
  await until(() => line() === '2 of 3', 'an older one')
  press('ArrowUp')
  await until(() => line() === '3 of 3', 'the oldest')
  byTestId('chat-search-older')?.click()
  await until(() => line() === '1 of 3', 'around')
  press('ArrowDown')
  await until(() => line() === '3 of 3', 'around, the other way')
  press('Enter', { shiftKey: true })
  await until(() => line() === '2 of 3', 'a newer one')
  expect(shown).toEqual(['c', 'b', 'a', 'c', 'a', 'b'])
  expect(found).toEqual(shown)
})

test('nothing asked, nothing found and an error each say so', async () => {
  let answer: SearchIn = async () => []
  const { type, line } = search((...asked) => answer(...asked))
  expect(line()).toBe('')
  expect(byTestId('chat-search-older')).toBe(null)
  type('zebra')
  await until(() => line() === 'No message found', 'nothing')
  answer = async () => {
    throw new MessengerError('storage_failed')
  }
  type('zebras')
  await until(() => document.querySelector('[role="alert"]') !== null, 'the error')
  expect(line()).toBe('')
  type('')
  await until(() => document.querySelector('[role="alert"]') === null, 'the error is gone')
})

test('while the index is built the hits so far are walked through; a finished search says their number', async () => {
  let finish: (found: MessageId[]) => void = () => undefined
  const { type, line, shown } = search((_chat, _text, part) => {
    part?.(['c'])
    return new Promise((done) => {
      finish = done
    })
  })
  type('tent')
  await until(() => line() === '1 of 1 …', 'the first part')
  finish(['c', 'a'])
  await until(() => line() === '1 of 2', 'all')
  expect(shown).toEqual(['c'])
})

test('the answer to an earlier text does not replace that to the newest', async () => {
  const answers = new Map<string, (found: MessageId[]) => void>()
  const asked = (_chat: unknown, text: string) =>
    new Promise<MessageId[]>((done) => void answers.set(text, done))
  const { type, line } = search(asked)
  type('te')
  await until(() => answers.has('te'), 'asked')
  type('tent')
  await until(() => answers.has('tent'), 'asked anew')
  answers.get('tent')?.(['b'])
  await until(() => line() === '1 of 1', 'the newest')
  answers.get('te')?.(['c', 'b', 'a'])
  await Promise.resolve()
  expect(line()).toBe('1 of 1')
})

test('a hit that goes is left, and one that comes is counted', async () => {
  let hits = ['b', 'a']
  const { type, line } = search(async () => hits)
  type('tent')
  await until(() => line() === '1 of 2', 'two')
  hits = ['c', 'b', 'a']
  storesView().searchChanged()
  await until(() => line() === '2 of 3', 'it stays where it was')
  hits = ['c', 'a']
  storesView().searchChanged()
  await until(() => line() === '1 of 2', 'the newest of those that are left')
})

test('the words are marked in every bubble, across links, whatever their case and accents', async () => {
  const { type, line, pane } = search(async () => ['b', 'a'], {
    a: 'Édith and EDITH',
    b: 'see <a href="https://edith.example/">edi</a>th here',
    c: 'nobody',
  })
  type('edith')
  await until(() => line() === '1 of 2', 'found')
  await until(() => marked('found').length === 3, 'marked')
  expect(marked('found')).toEqual(['Édith', 'EDITH', 'edith'])
  await until(() => marked('found-here').join() === 'edith', 'that of the newest')
  // Another bubble is scrolled into sight.
  const later = pane.appendChild(document.createElement('p'))
  later.innerHTML = '<span data-words>Edith again</span>'
  await until(() => marked('found').length === 4, 'marked as well')
  unmountAll()
  expect(CSS.highlights.has('found')).toBe(false)
  expect(CSS.highlights.has('found-here')).toBe(false)
})

test('Escape closes, but not while it belongs to an input method', () => {
  const { press, closed } = search(async () => [])
  press('Escape', { keyCode: 229 } as KeyboardEventInit)
  expect(closed).not.toHaveBeenCalled()
  press('Escape')
  expect(closed).toHaveBeenCalledOnce()
})
