import { expect, test } from 'vitest'
import type { Message } from '@/messenger/contract'
import { upsert } from '@/stores/message-list'

const message = (order: number, text = ''): Message =>
  ({ id: `m${order}`, conversation: 'c', order, text }) as Message
const orders = (messages: readonly Message[]) => messages.map((one) => one.order)

test('new messages are appended, changed ones replaced, late ones put in their place', () => {
  const start = [message(10), message(20), message(30)]
  expect(orders(upsert(start, message(40)))).toEqual([10, 20, 30, 40])
  expect(upsert(start, message(20, 'new'))[1]?.text).toBe('new')
  expect(orders(upsert(start, message(25)))).toEqual([10, 20, 25, 30])
})

test('a change before the loaded stretch waits for its page', () => {
  const start = [message(10), message(20)]
  expect(upsert(start, message(5))).toBe(start)
  expect(orders(upsert([], message(5)))).toEqual([5])
})
