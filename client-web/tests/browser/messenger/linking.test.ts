/** A new device shows a code, an old one answers it: the account comes along, and only to whom the person meant. */
import { beforeEach, describe, expect, test } from 'vitest'
import { RelayError } from '@/wire/errors'
import { blobRelay } from '../../support/blob-relay'
import { PASSWORD, settledClients } from '../../support/client'
import type { Client } from '../../support/client'
import type { TestRelay } from '../../support/test-relay'
import { begin, codeOf, linked } from '../../support/linking'
import { until } from '../../support/wait'

beforeEach(async () => void (await blobRelay.anew()))

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(() => 'done', codeOf)
}

/** Other digits than these. */
const otherThan = (digits: string): string => String((Number(digits) + 1) % 100).padStart(2, '0')

const patient = { timeout: 15_000 }
const blobsLeft = async () => (await blobRelay.state()).blobs.length
const texts = (client: Client): string[] => client.flow()

test('identity, contacts, marks, settings and history come along, and both write on', async () => {
  const { relay, anna, bob } = await settledClients()
  await anna.messenger.markVerified(bob.userId, bob.identity)
  await anna.messenger.setSetting('readReceipts', false)
  await anna.messenger.setMuted(bob.chat, true)
  const { fresh, steps, outcome, code, digits } = await begin(relay)
  expect(await anna.messenger.joinLink(await code())).toEqual({ device: 'Firefox (Linux)' })
  await anna.messenger.confirmLink(await digits(), PASSWORD)
  expect(await outcome).toBe('in')
  expect(steps.map(({ step }) => step)).toEqual(['code', 'check', 'entering'])
  expect(fresh.shown.state.phase).toBe('ready')
  expect(fresh.identity).toBe(anna.identity)
  expect(fresh.contact(bob)).toMatchObject({ username: 'bob', trust: 'verified' })
  expect(fresh.shown.settingsShown.readReceipts).toBe(false)
  expect(fresh.shown.conversations.get(bob.chat)?.muted).toBe(true)
  await fresh.messenger.openConversation(bob.chat)
  await until(() => texts(fresh).includes('hello back'), 'history')
  expect(texts(fresh)).toEqual(texts(anna))
  // The person let it in from here: nothing asks about it.
  await fresh.messenger.sendText(bob.chat, 'from the new one')
  await until(() => texts(anna).includes('from the new one'), 'copied')
  await until(() => bob.received().includes('from the new one'), 'received')
  expect(anna.shown.state.newDevices).toEqual([])
  await bob.messenger.sendText(anna.chat, 'to both')
  await until(() => fresh.received().includes('to both'), 'on the new one')
  await until(() => anna.received().includes('to both'), 'on the old one')
})

test('a third device is asked about the one that was linked by another', async () => {
  const { relay, anna } = await settledClients()
  const second = await linked(relay, anna)
  const third = await linked(relay, second)
  await until(() => anna.shown.state.newDevices?.length === 1, 'asked')
  expect(second.shown.state.newDevices).toEqual([])
  expect(third.shown.state.newDevices).toEqual([])
})

test('wrong digits send nothing, and the link is over on both', async () => {
  const { relay, anna } = await settledClients()
  const { fresh, outcome, code, digits } = await begin(relay)
  await anna.messenger.joinLink(await code())
  const wrong = otherThan(await digits())
  expect(await refusal(anna.messenger.confirmLink(wrong, PASSWORD))).toBe('wrong_digits')
  expect(await refusal(anna.messenger.confirmLink(await digits(), PASSWORD))).toBe('link_expired')
  expect(relay.links.grants.size).toBe(0)
  expect((await blobRelay.state()).calls).toEqual([])
  relay.links.letters.clear()
  expect(await outcome).toBe('link_expired')
  expect(fresh.shown.state.phase).toBe('signed_out')
})

test('a wrong password is asked for again, and the link goes on', async () => {
  const { relay, anna } = await settledClients()
  const { outcome, code, digits } = await begin(relay)
  await anna.messenger.joinLink(await code())
  const wrong = anna.messenger.confirmLink(await digits(), 'not the password')
  expect(await refusal(wrong)).toBe('bad_credentials')
  await anna.messenger.confirmLink(await digits(), PASSWORD)
  expect(await outcome).toBe('in')
})

test('a mailbox that answers with another key ends the link before the digits', async () => {
  const { relay, anna } = await settledClients()
  relay.links.onLetter = (body, nth) => {
    if (nth === 1) body.set(crypto.getRandomValues(new Uint8Array(32)), 1)
    return body
  }
  const { fresh, outcome, code } = await begin(relay)
  const joining = refusal(anna.messenger.joinLink(await code()))
  expect(await outcome).toBe('link_broken')
  relay.links.letters.clear()
  expect(await joining).toBe('link_expired')
  expect(fresh.shown.state.phase).toBe('signed_out')
})

test.each([
  ['truncated', (body: Uint8Array<ArrayBuffer>) => body.slice(0, -20)],
  [
    'changed',
    (body: Uint8Array<ArrayBuffer>) => body.map((byte, at) => (at === 40 ? byte ^ 1 : byte)),
  ],
  ['empty', () => new Uint8Array(0)],
])('an account that comes %s is not taken, and its grant is lost', async (_how, change) => {
  const { relay, anna } = await settledClients()
  relay.links.onLetter = (body, nth) => (nth === 3 ? change(body) : body)
  const { fresh, outcome, code, digits } = await begin(relay)
  await anna.messenger.joinLink(await code())
  const sent = refusal(anna.messenger.confirmLink(await digits(), PASSWORD))
  expect(await outcome).toBe('link_broken')
  relay.links.letters.clear()
  expect(await sent).toBe('link_expired')
  expect(fresh.shown.state.phase).toBe('signed_out')
  expect(relay.user('anna').devices.size).toBe(1)
})

test('a letter that was there before is not taken for another one', async () => {
  const { relay, anna } = await settledClients()
  let first: Uint8Array<ArrayBuffer> | null = null
  relay.links.onLetter = (body, nth) => {
    first ??= body
    return nth === 3 ? first : body
  }
  const { outcome, code, digits } = await begin(relay)
  await anna.messenger.joinLink(await code())
  void refusal(anna.messenger.confirmLink(await digits(), PASSWORD))
  expect(await outcome).toBe('link_broken')
})

test('a code that somebody answered already is not answered again', async () => {
  const { relay, anna, bob } = await settledClients()
  const { outcome, code, digits } = await begin(relay)
  await bob.messenger.joinLink(await code())
  expect(await refusal(anna.messenger.joinLink(await code()))).toBe('link_broken')
  await bob.messenger.confirmLink(await digits(), PASSWORD)
  expect(await outcome).toBe('in')
})

test('a mailbox whose time is over, and one that another device wrote into meanwhile', async () => {
  const { relay, anna } = await settledClients()
  const over = await begin(relay)
  const code = await over.code()
  relay.links.letters.clear()
  expect(await over.outcome).toBe('link_expired')
  expect(await refusal(anna.messenger.joinLink(code))).toBe('link_expired')
  const replaced = await begin(relay)
  await anna.messenger.joinLink(await replaced.code())
  const [id] = [...relay.links.letters.keys()]
  const digits = await replaced.digits()
  relay.links.letters.set(id ?? '', { version: 9, body: new Uint8Array(64) })
  expect(await refusal(anna.messenger.confirmLink(digits, PASSWORD))).toBe('link_broken')
  expect(await replaced.outcome).toBe('link_broken')
})

test('a grant that was used is of no use to the new device, or to a thief', async () => {
  const { relay, anna } = await settledClients()
  const { fresh, outcome, code, digits } = await begin(relay)
  relay.links.onLetter = (body, nth) => {
    // The relay lets a device of its own in first.
    if (nth === 3) for (const grant of relay.links.grants.keys()) relay.links.use(grant)
    return body
  }
  await anna.messenger.joinLink(await code())
  void refusal(anna.messenger.confirmLink(await digits(), PASSWORD))
  expect(await outcome).toBe('bad_credentials')
  expect(fresh.shown.state.phase).toBe('signed_out')
  expect(() => relay.links.use('any')).toThrow(RelayError)
})

test('a code of another server, and no code', async () => {
  const { relay, anna } = await settledClients()
  const { code } = await begin(relay)
  const elsewhere = (await code()).replace(/r=[^&]+/, 'r=https%3A%2F%2Felsewhere.example')
  expect(await refusal(anna.messenger.joinLink(elsewhere))).toBe('link_elsewhere')
  expect(await refusal(anna.messenger.joinLink('sealstream:link?r=x'))).toBe('bad_link_code')
  expect(await refusal(anna.messenger.joinLink(anna.qr))).toBe('bad_link_code')
})

describe('a link ends with the page that answered it: it asks the relay for no letter any more', () => {
  test.each([
    ['once confirmed', (relay: TestRelay) => relay.links.grants.size === 1],
    ['once the account is sent', (_: TestRelay, letters: number) => letters > 2],
  ])('%s', async (_, reached) => {
    const { relay, anna } = await settledClients()
    let letters = 0
    const { fresh, code, digits } = await begin(relay)
    relay.links.onLetter = (body, nth) => {
      letters = nth
      // The new device answers no more.
      if (nth > 2) fresh.stop()
      return body
    }
    await anna.messenger.joinLink(await code())
    const confirming = refusal(anna.messenger.confirmLink(await digits(), PASSWORD))
    await until(() => reached(relay, letters), 'reached')
    anna.stop()
    expect(await confirming).toBe('cancelled')
  })
})

test('history that is not up yet is waited for, over restarts of either device', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.hold('PATCH')
  const fresh = await linked(relay, anna)
  expect(fresh.contact(bob)?.username).toBe('bob')
  await fresh.messenger.openConversation(bob.chat)
  expect(texts(fresh)).toEqual([])
  const again = await fresh.reloaded()
  const old = await anna.reloaded()
  await blobRelay.release()
  await again.messenger.openConversation(bob.chat)
  await until(() => texts(again).includes('hello back'), 'history', 15_000)
  // Nothing is left of it at the relay.
  await expect.poll(blobsLeft, patient).toBe(0)
  expect(old.shown.state.phase).toBe('ready')
})

test('history that is not what the old device sealed is passed over, and said', async () => {
  const { relay, anna, bob } = await settledClients()
  await blobRelay.faults({ method: 'GET', changed: 100, always: true })
  const fresh = await linked(relay, anna)
  await until(() => fresh.eventTypes().includes('history_refused'), 'said')
  await fresh.messenger.openConversation(bob.chat)
  expect(texts(fresh)).toEqual([])
})
