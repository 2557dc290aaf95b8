/** Chosen messages on the clipboard. */
import { expect, test } from 'vitest'
import { copiedText } from '@/composables/copied-text'
import type { Message } from '@/messenger/contract'

const words = {
  nameOf: ({ direction }: Message) => (direction === 'out' ? 'mara' : 'Anna'),
  when: (at: number) => `at ${at}`,
}
const one = (over: Partial<Message>): Message =>
  ({ direction: 'in', kind: 'text', text: '', sentAt: 1, ...over }) as Message
const file = (name: string) => ({ id: name, kind: 'file' as const, name, type: '', size: 1 })

test('several messages are lines that say when and by whom, in their order', () => {
  const text = copiedText(
    [
      one({ text: 'Dinner?', sentAt: 7 }),
      one({ text: 'Yes\nat eight', sentAt: 8, direction: 'out' }),
    ],
    words,
  )
  expect(text).toBe('[at 7] Anna: Dinner?\n[at 8] mara: Yes\nat eight')
})

test('files are their names, before the text', () => {
  const files = [file('beach.jpg'), file('plan.pdf')]
  const text = copiedText([one({ files, text: 'Look' }), one({ files: [file('a.ogg')] })], words)
  expect(text).toBe('[at 1] Anna: beach.jpg, plan.pdf\nLook\n[at 1] Anna: a.ogg')
})

test('a single message is what it says, and nothing else', () => {
  expect(copiedText([one({ text: 'Dinner?' })], words)).toBe('Dinner?')
  expect(copiedText([one({ text: '' }), one({ text: 'Dinner?' })], words)).toBe('Dinner?')
})

test('of messages without content nothing is copied', () => {
  expect(copiedText([one({ kind: 'deleted' }), one({ kind: 'awaited' })], words)).toBe('')
  expect(copiedText([], words)).toBe('')
})
