/** A lossy, reordering, repeating way between two devices. */
import { equal, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { parseSignalMessage, parsePrekeySignalMessage } from '@/crypto/v4/signal-messages'
import { someText } from './device'
import type { Device, Letter } from './device'

export interface Weather {
  /** Of all messages, from 0 to 1. */
  lost: number
  doubled: number
  /** How many messages one may be overtaken by. */
  window: number
}

interface OnTheWay {
  letter: Letter
  plaintext: Bytes
  from: Device
  to: Device
}

/** Of so many ratchet keys of the other side a device can read late messages. */
const KEPT_CHAINS = 5

/** The ratchet keys that each device can still read, oldest first. */
class Readable {
  private readonly keys = new Map<Device, string[]>()

  /** Whether `to` can read it, if each message is read once. */
  note({ letter: { kind, body }, to }: OnTheWay): boolean {
    const message = parseSignalMessage(
      kind === 'prekey' ? parsePrekeySignalMessage(body).message : body,
    )
    const key = toBase64(message.ratchetKey)
    let seen = this.keys.get(to) ?? []
    // A prekey message is of the session's first chain, however late it arrives.
    if (!seen.includes(key)) seen = kind === 'prekey' ? [key, ...seen] : [...seen, key]
    this.keys.set(to, seen)
    return seen.slice(-KEPT_CHAINS).includes(key)
  }
}

/**
 * Each turn one of the two writes a message. What arrives is read as it was written, if it is of one of the last
 * five ratchet keys, and refused otherwise; a second copy is refused. Returns how many were read.
 */
export async function exchange(
  [a, b]: readonly [Device, Device],
  messages: number,
  { lost, doubled, window }: Weather,
  chance: () => number = Math.random,
): Promise<number> {
  const way: OnTheWay[] = []
  const readable = new Readable()
  let read = 0
  const deliver = async (at: number) => {
    const [one] = way.splice(at, 1) as [OnTheWay]
    const { letter, plaintext, from, to } = one
    if (!readable.note(one)) return refuses(to, from, letter)
    if (!equal(await to.read(from, letter), plaintext)) throw new Error('another text arrived')
    read += 1
    if (chance() < doubled) await refuses(to, from, letter)
  }
  for (let number = 0; number < messages; number++) {
    const [from, to] = chance() < 0.5 ? [a, b] : [b, a]
    const plaintext = someText(Math.floor(chance() * 160))
    const letter = await from.write(to, plaintext)
    if (chance() >= lost) way.push({ letter, plaintext, from, to })
    if (way.length > window) await deliver(0)
    if (chance() < 0.5 && way.length > 0) await deliver(Math.floor(chance() * way.length))
  }
  while (way.length > 0) await deliver(Math.floor(chance() * way.length))
  return read
}

async function refuses(to: Device, from: Device, letter: Letter): Promise<void> {
  const text = await to.read(from, letter).catch(() => null)
  if (text) throw new Error('a message was read that had to be refused')
}
