/** How the sessions with one device are stored: every form is read, and a message rewrites the small secret alone. */
import { describe, expect, test } from 'vitest'
import { fromBase64, fromUtf8, toBase64 } from '@/crypto/bytes'
import type { EnvelopeKind } from '@/crypto/protocol/protocol'
import { decodeHeld, encodeHeld, NONE } from '@/crypto/versions/held-sessions'
import { versionFour } from '@/crypto/v4/version-four'
import entries from '../../fixtures/held-sessions.json'
import records from '../../fixtures/session-records.json'
import { SealedParty } from '../../support/sealed-party'

type Entry = (typeof entries)[number]

const read = ({ tag, state, link, rest }: Entry) =>
  decodeHeld({ tag, secret: fromBase64(state) }, async (asked) => {
    expect(toBase64(asked)).toBe(link)
    return fromBase64(rest ?? '')
  })

/** `tests/fixtures/held-sessions.json`. Entries are never changed; new forms are added. */
describe.each(entries)('sessions under tag $tag that the build of $made stored', (entry) => {
  test('are read, and with them what waits', async () => {
    const { v3, v4 } = await read(entry)
    expect(v3 && fromUtf8(v3)).toBe(entry.v3 ? '{"sessions":{},"version":"v1"}' : null)
    if (entry.tag === 1) {
      expect(v4).toBeNull()
      return
    }
    const { local, remote, letters } = records[0] as (typeof records)[0]
    let session = v4
    for (const { kind, body, text } of letters) {
      const [publicKey, privateKey] = [fromBase64(local.publicKey), fromBase64(local.privateKey)]
      const result = await versionFour.decrypt({
        local: { ...local, keyPair: { publicKey, privateKey } },
        remote,
        session,
        kind: kind as EnvelopeKind,
        body: fromBase64(body),
        pinned: null,
        prekey: null,
        signedPrekey: null,
        kemPrekey: null,
        baseKeyUsed: false,
      })
      expect(fromUtf8(result.plaintext)).toBe(text)
      session = result.session
    }
  })

  test('are written in the present form', async () => {
    const held = await read(entry)
    const { state, rest } = encodeHeld(held, held)
    if (entry.tag === 2) expect([state.tag, rest?.link.length]).toEqual([3, 16])
    else expect([state.tag, toBase64(state.secret)]).toEqual([entry.tag, entry.state])
    if (entry.tag === 3) {
      expect(rest).toBeUndefined()
      expect(toBase64(encodeHeld(held, NONE).rest?.secret ?? new Uint8Array())).toBe(entry.rest)
    }
  })
})

test('a tag or a layout of a later build is an error', async () => {
  const nothing = async () => new Uint8Array()
  const later = { tag: 4, secret: new Uint8Array() }
  await expect(decodeHeld(later, nothing)).rejects.toMatchObject({ code: 'damaged' })
  const layout = { tag: 3, secret: Uint8Array.of(8, 2) }
  await expect(decodeHeld(layout, nothing)).rejects.toMatchObject({ code: 'internal' })
})

async function acquainted() {
  const [anna, bob] = [await SealedParty.create('anna'), await SealedParty.create('bob')]
  await bob.withKem()
  await anna.start(bob)
  await bob.read(anna, await anna.write(bob, 'hello'))
  await anna.read(bob, await bob.write(anna, 'hello back'))
  return [anna, bob] as const
}

test('over an epoch the rest is written a few times, and a message writes less than 3 kB', async ({
  annotate,
}) => {
  const [anna, bob] = await acquainted()
  let [rests, states, most, whole] = [0, 0, 0, 0]
  const MESSAGES = 90
  for (let number = 0; number < MESSAGES; number++) {
    const [from, to] = number % 2 ? [anna, bob] : [bob, anna]
    const message = await from.write(to, 'x')
    const decrypted = await to.tryRead(from, message)
    await to.read(from, message)
    for (const write of [message.session, decrypted.session]) {
      if (write.rest) rests += 1
      states += write.state.length
      most = Math.max(most, write.state.length)
    }
    whole += (from.session?.state.length ?? 0) + (from.session?.rest?.length ?? 0)
  }
  expect(rests).toBeLessThan(MESSAGES / 5)
  expect(most).toBeLessThan(3_072)
  await annotate(
    `written per message ${(states / MESSAGES / 2).toFixed(0)} bytes, the rest ${rests} times in ${2 * MESSAGES}; as one record ${(whole / MESSAGES).toFixed(0)} bytes`,
    'measured',
  )
})

test('skipped keys are in the rest: messages after them write as little as before', async () => {
  const [anna, bob] = await acquainted()
  for (let number = 0; number < 500; number++) await anna.write(bob, 'lost')
  const late = await anna.write(bob, 'late')
  await bob.read(anna, await anna.write(bob, 'far ahead'))
  expect(bob.session?.rest?.length).toBeGreaterThan(500 * 2 * 36)
  const { session } = await bob.write(anna, 'x')
  expect(session.state.length).toBeLessThan(3_072)
  let kept = 0
  for (let number = 0; number < 5; number++) {
    const before = bob.session?.rest
    await bob.read(anna, await anna.write(bob, 'next'))
    expect(bob.session?.state.length).toBeLessThan(3_072)
    if (bob.session?.rest === before) kept += 1
  }
  // One of them completes the header of the next key.
  expect(kept).toBeGreaterThanOrEqual(3)
  expect(await bob.read(anna, late)).toBe('late')
})

test('a session without its rest, or with the rest of an earlier state, counts as none', async () => {
  const [anna, bob] = await acquainted()
  const [state, rest] = [anna.session?.state, anna.session?.rest]
  if (!state || !rest) throw new Error('no session in two')
  const info = (session: NonNullable<typeof anna.session>) =>
    anna.engine.describe(anna.remote(bob), session)
  expect(await info({ state, rest })).toMatchObject({ open: true })
  expect(await info({ state, rest: null })).toMatchObject({ open: false })
  while (anna.session?.rest === rest) {
    await bob.read(anna, await anna.write(bob, 'x'))
    await anna.read(bob, await bob.write(anna, 'x'))
  }
  const { session } = anna
  if (!session) throw new Error('no session')
  expect(await info({ ...session, rest })).toMatchObject({ open: false })
  expect(await info({ ...session, state })).toMatchObject({ open: false })
  expect(await info(session)).toMatchObject({ open: true })
})
