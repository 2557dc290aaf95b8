/** Our engine and the official library talk to each other. */
import { describe, expect, test } from 'vitest'
import { anAddress, OurDevice, pass, someText } from '../../../support/device'
import type { Device } from '../../../support/device'
import { officialDevice, VERSIONS } from '../../../support/official-library'

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
})
