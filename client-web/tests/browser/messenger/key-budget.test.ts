/** Keys are handed out by the hour. Who has to wait for them is told until when; nobody else waits. */
import { expect, test } from 'vitest'
import { RelayError } from '@/wire/errors'
import { Client, settledClients } from '../../support/client'
import { TestRelay } from '../../support/test-relay'
import { until } from '../../support/wait'

const WAIT = 1_500

/** Anna, who talks with Bob and has Carol as a contact; the relay gives her no keys while `refused` says so. */
async function refusing() {
  const refused = { of: '' }
  const relay = new TestRelay()
  const wire = relay.wire(async ({ path }) => {
    const refuses = refused.of !== '' && path.startsWith(`/v1/bundles/${refused.of}/`)
    if (refuses) throw new RelayError('rate_limited', 'enough keys', WAIT)
  })
  const { anna, bob } = await settledClients({ wire }, relay)
  const carol = await Client.registered('carol', relay)
  await anna.messenger.addContactByCode(carol.code)
  const waitFor = (other: Client) => anna.shown.conversations.get(other.chat)?.sendsAgainAt ?? null
  return { relay, anna, bob, carol, refused, waitFor }
}

test('for a first message: it says until when, others go on, and it goes out then', async () => {
  const { anna, bob, carol, refused, waitFor } = await refusing()
  refused.of = 'carol'
  await anna.messenger.sendText(carol.chat, 'to carol')
  await until(() => waitFor(carol) !== null, 'told')
  await anna.messenger.sendText(bob.chat, 'to bob')
  await until(() => bob.received().includes('to bob'), 'bob has his')
  expect(waitFor(bob)).toBeNull()
  refused.of = ''
  await until(() => carol.shown.waiting.length === 1, 'carol has hers')
  await until(() => waitFor(carol) === null, 'told no more')
})

test('for a device that the relay calls another: the account is not held up', async () => {
  const { relay, anna, bob, carol, refused, waitFor } = await refusing()
  refused.of = 'bob'
  relay.beforeSend = ({ to }) => {
    if (to !== bob.userId) return
    throw new RelayError('device_mismatch', '', null, { missing: [], extra: [], stale: [1] })
  }
  await anna.messenger.sendText(bob.chat, 'to bob')
  await until(() => waitFor(bob) !== null, 'told')
  expect(anna.shown.link.sendLimitedUntil ?? null).toBeNull()
  await anna.messenger.sendText(carol.chat, 'to carol')
  await until(() => carol.shown.waiting.length === 1, 'carol has hers')
  relay.beforeSend = () => undefined
  refused.of = ''
  await until(() => bob.received().includes('to bob'), 'bob has his')
  expect(waitFor(bob)).toBeNull()
})
