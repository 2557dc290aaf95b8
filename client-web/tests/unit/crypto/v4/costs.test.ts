/** What each version of the protocol costs, side by side in one run of `npm run test:engine`; printed, never a reason to fail. */
import { expect, test } from 'vitest'
import { utf8 } from '@/crypto/bytes'
import { pad } from '@/crypto/padding'
import { SealedParty } from '../../../support/sealed-party'

/** Conversations, and messages each way in one: an epoch of the post-quantum ratchet. */
const [STARTS, ROUNDS] = [6, 45]

/** Milliseconds of all threads, each time it is asked: a busy machine makes them no more. */
function cpu(): () => number {
  let before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    before = process.cpuUsage()
    return (user + system) / 1_000
  }
}

const text = new TextDecoder().decode(pad(utf8('a message of some words')))

async function measured(kem: boolean) {
  let [anna, bob] = [await SealedParty.create('anna'), await SealedParty.create('bob')]
  let [start, first] = [0, 0]
  const used = cpu()
  for (let i = 0; i < STARTS; i++) {
    ;[anna, bob] = [await SealedParty.create('anna'), await SealedParty.create('bob')]
    if (kem) await bob.withKem()
    used()
    await anna.start(bob)
    const message = await anna.write(bob, text)
    await bob.read(anna, message)
    start += used()
    first = message.body.length
  }
  let [most, bytes] = [0, 0]
  used()
  for (let i = 0; i < ROUNDS; i++) {
    for (const [from, to] of [
      [bob, anna],
      [anna, bob],
    ] as const) {
      const message = await from.write(to, text)
      await to.read(from, message)
      bytes += message.body.length
      for (const { session } of [from, to]) {
        most = Math.max(most, (session?.state.length ?? 0) + (session?.rest?.length ?? 0))
      }
    }
  }
  const messages = 2 * ROUNDS
  return { start: start / STARTS, first, message: used() / messages, bytes: bytes / messages, most }
}

test.runIf(process.env['ENGINE_RUNS'])(
  'the two versions',
  async ({ annotate }) => {
    // The first run of each compiles it.
    await measured(true)
    await measured(false)
    for (const [name, kem] of [
      ['version 3', false],
      ['version 4', true],
    ] as const) {
      const { start, first, message, bytes, most } = await measured(kem)
      expect(bytes).toBeGreaterThan(160)
      await annotate(
        `${name}: start with its first message ${start.toFixed(1)} ms (${first} bytes), a message written and read ${message.toFixed(1)} ms ` +
          `(${bytes.toFixed(0)} bytes), session as stored up to ${most} bytes`,
        'measured',
      )
    }
  },
  120_000,
)
