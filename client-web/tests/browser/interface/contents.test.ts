/** Each kind of message in its bubble and in one line. */
import { afterEach, expect, test } from 'vitest'
import MessageBubble from '@/components/chat/MessageBubble.vue'
import ConversationRow from '@/components/list/ConversationRow.vue'
import type { Message } from '@/messenger/contract'
import { aMessage } from '../../support/examples'
import { byTestId, mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

function shown(over: Partial<Message>): { bubble: string; row: string; marked: boolean } {
  const message = aMessage(over)
  const place = { name: 'anna', first: true, last: true, flash: false, tabStop: true }
  const bubble = mount(MessageBubble, { message, ...place }).root.querySelector('.content')
  const marked = byTestId('newer-version') !== null
  const row = mount(ConversationRow, {
    conversation: {
      id: message.conversation,
      username: 'anna',
      name: 'anna',
      isNotes: false,
      last: message,
      activeAt: 1,
      unread: 1,
      muted: false,
      archived: false,
      typing: false,
      draft: '',
      sendsAgainAt: null,
    },
    contact: null,
    active: false,
  }).root
  return { bubble: bubble?.textContent ?? '', row: row.textContent ?? '', marked }
}

test.each([
  ['text', { kind: 'text', text: 'hello' }, 'hello', false],
  ['text that shows nothing', { kind: 'text', text: '\u200B' }, 'Only invisible characters', false],
  [
    'an unknown type with fallback',
    { kind: 'unknown', text: 'A <b>poll</b>' },
    'A <b>poll</b>',
    true,
  ],
  [
    'one that is being fetched',
    { kind: 'awaited', text: '' },
    'Fetching this message again',
    false,
  ],
  [
    'one that nobody has any more',
    { kind: 'awaited', text: '', lost: true },
    'This message could not be opened',
    false,
  ],
  ['an unknown type without', { kind: 'unknown', text: '' }, 'Not supported by this version', true],
] as const)('%s', (_name, over, words, newer) => {
  const { bubble, row, marked } = shown(over)
  expect(bubble).toContain(words)
  expect(row).toContain(words)
  expect(marked).toBe(newer)
  expect(bubble.includes('From a newer version')).toBe(newer && over.text !== '')
})
