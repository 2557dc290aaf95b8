import { expect, test } from 'vitest'
import { readReceiptKeys, readSendAnswer } from '@/wire/read'

const answer = (row: object) =>
  readSendAnswer({ accepted: [{ device_id: 1, seq: 2, ...row }], at: 3 })

test('a receipt is passed on as it came, and its absence, too', () => {
  const receipt = Uint8Array.from([1, 2, 3])
  expect(answer({ receipt }).accepted[0]?.receipt).toEqual(receipt)
  expect(answer({}).accepted[0]).toEqual({ device_id: 1, seq: 2 })
  expect(answer({ receipt: null }).accepted[0]).toEqual({ device_id: 1, seq: 2 })
})

test('what is no receipt at all makes no answer a bad one', () => {
  expect(answer({ receipt: 'text' }).accepted[0]?.receipt).toEqual(new Uint8Array(0))
})

test('keys that sign receipts are 32 bytes', () => {
  const row = { kid: '00112233445566aa', key: btoa('k'.repeat(32)), from: 5 }
  expect(readReceiptKeys([row])).toEqual([
    { kid: row.kid, key: new Uint8Array(32).fill(107), from: 5 },
  ])
  expect(() => readReceiptKeys([{ ...row, key: btoa('k') }])).toThrow('$[0].key is not 32 bytes')
})
