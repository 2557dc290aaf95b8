import { encode } from '@msgpack/msgpack'
import { expect, test } from 'vitest'
import { Decoder, Encoder } from '@/wire/msgpack-parser'

const decode = (chunk: unknown): unknown => {
  const decoder = new Decoder()
  let packet: unknown
  decoder.on('decoded', (decoded) => {
    packet = decoded
  })
  decoder.add(chunk)
  return packet
}

test('binary survives as Uint8Array, in one frame', () => {
  const body = new Uint8Array([0, 1, 255])
  const packet = { type: 2, nsp: '/', data: ['send', { body }], id: 7 }
  const frames = new Encoder().encode(packet)
  expect(frames.length).toBe(1)
  expect(decode(frames[0])).toEqual(packet)
  expect(decode((frames[0] as Uint8Array).slice().buffer)).toEqual(packet)
})

test('anything that is not a packet is refused', () => {
  for (const chunk of [
    'text',
    encode({ type: 9, nsp: '/' }),
    encode({ nsp: '/' }),
    encode([1]),
    encode(null),
    new Uint8Array([0xc1]),
    new Uint8Array(0),
  ]) {
    expect(() => decode(chunk)).toThrow()
  }
})
