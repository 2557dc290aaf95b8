/** Our engine and the official library talk to each other. */
import { describe, expect, test } from 'vitest'
import type { Bytes } from '@/crypto/bytes'
import { parseSignalMessage } from '@/crypto/v4/signal-messages'
import { anAddress, OurDevice, pass, someText } from '../../../support/device'
import type { Device, Letter } from '../../../support/device'
import { exchange } from '../../../support/network'
import { officialDevice, VERSIONS } from '../../../official-library/official-library'
import * as whiteBox from '../../../support/white-box'

/** Ten for `npm run test:engine`: the random runs are that much longer. */
const RUNS = Number(process.env['ENGINE_RUNS'] ?? 1)

describe.each(VERSIONS)('with the official library %s', (version) => {
  const pair = async () =>
    [await OurDevice.create(), await officialDevice(version, anAddress())] as const

  test.each([
    { prekey: true, lastResort: false },
    { prekey: false, lastResort: false },
    { prekey: true, lastResort: true },
    { prekey: false, lastResort: true },
  ])('first messages both ways, %o', async (which) => {
    for (const turned of [false, true]) {
      const [ours, theirs] = await pair()
      const [from, to]: Device[] = turned ? [theirs, ours] : [ours, theirs]
      if (!from || !to) throw new Error('no pair')
      await from.start(to, to.bundle(which))
      expect((await pass(from, to)).kind).toBe('prekey')
      expect((await pass(from, to, someText(0))).kind).toBe('prekey')
      expect((await pass(to, from)).kind).toBe('message')
      expect((await pass(from, to)).kind).toBe('message')
    }
  })

  test('300 alternating messages over three epochs, the inner state compared after each', async () => {
    const [ours, theirs] = await pair()
    await theirs.start(ours)
    await pass(theirs, ours)
    for (let number = 0; number < 300; number++) {
      const weWrite = number % 2 === 0
      await (weWrite ? pass(ours, theirs) : pass(theirs, ours))
      const states = [whiteBox.ours(ours), whiteBox.official(theirs.stored(ours) as Bytes)] as const
      const [from, to] = weWrite ? states : [states[1], states[0]]
      expect(await whiteBox.disagreements(from, to, ours)).toEqual([])
    }
    expect(whiteBox.ours(ours).epoch).toBeGreaterThanOrEqual(3)
  })

  test('counters are written as the other writes them', async () => {
    const [ours, theirs] = await pair()
    await ours.start(theirs)
    await pass(ours, theirs)
    await pass(theirs, ours)
    const counters = async (from: Device, to: Device) => {
      for (let number = 0; number < 3; number++) await pass(from, to)
      await pass(to, from)
      const { counter, previousCounter } = parseSignalMessage((await pass(from, to)).body)
      return { counter, previousCounter }
    }
    const written = { counter: 0, previousCounter: 2 }
    expect(await counters(ours, theirs)).toEqual(written)
    await pass(theirs, ours)
    await pass(ours, theirs)
    expect(await counters(theirs, ours)).toEqual(written)
  })

  test('200 messages in a row, each way', async () => {
    const [ours, theirs] = await pair()
    await ours.start(theirs)
    await pass(ours, theirs)
    await pass(theirs, ours)
    for (let number = 0; number < 200; number++) await pass(ours, theirs, someText(1))
    for (let number = 0; number < 200; number++) await pass(theirs, ours, someText(1))
    await pass(ours, theirs)
    // One side alone makes no secret.
    expect(whiteBox.ours(ours).epoch).toBeLessThanOrEqual(1)
  })

  test('a quarter lost, reordered within fifty, doubled', async () => {
    const [ours, theirs] = await pair()
    await ours.start(theirs)
    await pass(ours, theirs)
    await pass(theirs, ours)
    const read = await exchange([ours, theirs], 400 * RUNS, {
      lost: 0.25,
      doubled: 0.1,
      window: 50,
    })
    expect(read).toBeGreaterThan(200)
    expect(whiteBox.ours(ours).epoch).toBeGreaterThan(0)
    await pass(ours, theirs)
    await pass(theirs, ours)
  })

  test('reordered and lost from the first message on', async () => {
    const [ours, theirs] = await pair()
    await theirs.start(ours)
    const texts = Array.from({ length: 8 }, someText)
    const letters: Letter[] = []
    for (const one of texts) letters.push(await theirs.write(ours, one))
    const reads = async (at: number): Promise<void> => {
      expect(await ours.read(theirs, letters[at] as Letter)).toEqual(texts[at])
    }
    for (const at of [5, 2, 7, 0]) await reads(at)
    await pass(ours, theirs)
    for (const at of [6, 1]) await reads(at)
  })

  test('both begin at the same time, and meet in one session', async () => {
    const [ours, theirs] = await pair()
    await ours.start(theirs)
    await theirs.start(ours)
    const [mine, other] = [someText(), someText()]
    const [fromUs, fromThem] = [await ours.write(theirs, mine), await theirs.write(ours, other)]
    expect(await ours.read(theirs, fromThem)).toEqual(other)
    expect(await theirs.read(ours, fromUs)).toEqual(mine)
    for (let number = 0; number < 6; number++) {
      await pass(ours, theirs)
      await pass(theirs, ours)
    }
    // Late ones of the session that was left are read, too.
    expect(whiteBox.ours(ours).baseKey).toBe(
      whiteBox.official(theirs.stored(ours) as Bytes).baseKey,
    )
  })

  test('a session begun anew: late messages of the old one are read', async () => {
    const [ours, theirs] = await pair()
    await ours.start(theirs)
    await pass(ours, theirs)
    await pass(theirs, ours)
    const [late, text] = [await theirs.write(ours, Uint8Array.of(7)), Uint8Array.of(7)]
    const ownLate = await ours.write(theirs, text)
    await ours.start(theirs, theirs.bundle({ prekey: false, lastResort: true }))
    await pass(ours, theirs)
    expect(await ours.read(theirs, late)).toEqual(text)
    expect(await theirs.read(ours, ownLate)).toEqual(text)
    await pass(theirs, ours)
    await pass(ours, theirs)
  })

  test('the last resort with the same base key twice is refused by both', async () => {
    const [ours, theirs] = await pair()
    await ours.start(theirs, theirs.bundle({ prekey: false, lastResort: true }))
    const toThem = await pass(ours, theirs)
    theirs.forget(ours)
    await expect(theirs.read(ours, toThem)).rejects.toThrow()
    const [again, other] = await pair()
    await other.start(again, again.bundle({ prekey: false, lastResort: true }))
    const toUs = await pass(other, again)
    again.record = null
    await expect(again.read(other, toUs)).rejects.toMatchObject({ code: 'reused_base_key' })
  })

  test('a one-time prekey is used once: its first message again begins nothing', async () => {
    const [ours, theirs] = await pair()
    await theirs.start(ours)
    const letter = await pass(theirs, ours)
    await expect(ours.read(theirs, letter)).rejects.toMatchObject({ code: 'duplicate' })
    ours.record = null
    await expect(ours.read(theirs, letter)).rejects.toMatchObject({ code: 'missing_prekey' })
  })
})
