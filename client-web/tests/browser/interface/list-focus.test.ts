/** Whoever walks the list by keys stays on the row they are on, whatever comes in meanwhile. */
import { afterEach, expect, test } from 'vitest'
import { nextTick, shallowRef } from 'vue'
import ConversationRows from '@/components/list/ConversationRows.vue'
import { conversationWith } from '@/messenger/contract'
import type { Conversation } from '@/messenger/contract'
import { mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

const STYLE = '.scroll-y { height: 600px; overflow-y: auto } li { position: absolute; top: 0 }'
const names = ['anna', 'bob', 'carol', 'dora']

afterEach(unmountAll)

const chat = (username: string): Conversation => ({
  id: conversationWith(`${names.indexOf(username)}0000000-0000-4000-8000-000000000000`),
  username,
  name: username,
  isNotes: false,
  last: null,
  activeAt: 1_700_000_000_000,
  unread: 0,
  markedUnread: false,
  muted: false,
  mutedUntil: null,
  pinned: false,
  archived: false,
  typing: false,
  timer: 0,
  draft: '',
  sendsAgainAt: null,
})

async function list() {
  document.body.appendChild(document.createElement('style')).textContent = STYLE
  const order = shallowRef(names)
  mount(
    ConversationRows,
    () => ({ conversations: order.value.map(chat), openId: null, requests: 0, archived: 0 }),
    { setInSight: () => undefined },
  )
  const row = (name: string) =>
    document.querySelector<HTMLElement>(`[data-row][data-username="${name}"]`)
  await until(() => row('dora') !== null, 'drawn')
  const focused = () => (document.activeElement as HTMLElement | null)?.dataset['username']
  return { order, row, focused }
}

const press = (key: string): void => {
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))
}

test('a row keeps the focus when it, or others, take other places', async () => {
  for (const before of names) {
    const { order, row, focused } = await list()
    for (const next of [
      ['dora', 'anna', 'bob', 'carol'],
      ['carol', 'bob', 'dora', 'anna'],
      ['anna', 'dora', 'carol', 'bob'],
    ]) {
      row(before)?.focus()
      order.value = next
      await nextTick()
      expect(focused(), `${before} in ${next.join()}`).toBe(before)
    }
    unmountAll()
  }
})

test('an arrow leads to the row that was the next when it was pressed', async () => {
  const { order, row, focused } = await list()
  row('anna')?.focus()
  press('ArrowDown')
  order.value = ['dora', 'anna', 'carol', 'bob']
  await until(() => focused() !== 'anna', 'it moved')
  expect(focused()).toBe('bob')
  press('ArrowUp')
  await until(() => focused() !== 'bob', 'it moved')
  expect(focused()).toBe('carol')
})

test('somebody who looks elsewhere is not called back to the list', async () => {
  const { order, row, focused } = await list()
  row('anna')?.focus()
  row('anna')?.blur()
  order.value = ['dora', 'anna', 'carol', 'bob']
  await nextTick()
  expect(focused()).toBeUndefined()
})
