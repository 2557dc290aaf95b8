/**
 * Profiles that the build of 2026-11-29 (commit 10308ea) left, sealed as they were: what lies in them
 * is there in this build, and goes on. They were made by `tests/fixtures/make-profiles.ts`.
 */
import { expect, test } from 'vitest'
import { conversationWith } from '@/messenger/contract'
import scene from '../../fixtures/profiles-2026-11-29.base64?raw'
import { Client } from '../../support/client'
import { loadScene } from '../../support/profile'
import { freshName } from '../../support/storage'
import { until } from '../../support/wait'

const HOUR = 3_600_000

/** An hour after they were made. */
async function profiles(): Promise<{ anna: Client; bob: Client }> {
  const prefix = freshName()
  const { relay, at } = await loadScene(scene, prefix)
  const began = Date.now()
  const now = (): number => at + HOUR + Date.now() - began
  return {
    anna: new Client('anna', relay, { now }, `${prefix}-anna`),
    bob: new Client('bob', relay, { now }, `${prefix}-bob`),
  }
}

const personNamed = (client: Client, name: string) =>
  [...client.shown.contacts.values()].find(({ username }) => username === name)

test('all that lies in a profile is shown, and the sessions in it go on', async () => {
  const { anna, bob } = await profiles()
  await anna.boot()
  expect(anna.shown.state).toMatchObject({ phase: 'ready', account: { username: 'anna' } })
  expect(anna.shown.settingsShown.theme).toBe('dark')
  expect(personNamed(anna, 'bob')).toMatchObject({ trust: 'verified', relation: 'contact' })
  expect(personNamed(anna, 'dave')).toMatchObject({ trust: 'changed', relation: 'contact' })
  expect(anna.shown.waiting).toMatchObject([
    { username: 'carol', count: 1, last: { text: 'may I?' } },
  ])
  const [bobId = '', daveId = ''] = ['bob', 'dave'].map((name) => personNamed(anna, name)?.userId)
  const chat = conversationWith(bobId)
  expect(anna.shown.conversations.get(chat)).toMatchObject({
    draft: 'half written',
    muted: true,
    last: { text: 'still waiting' },
  })
  const types = ['identity_created', 'verified', 'identity_changed', 'login']
  expect(anna.eventTypes()).toEqual(expect.arrayContaining(types))

  await anna.messenger.openConversation(chat)
  expect(anna.flow()).toEqual(['verified', 'hello', 'hello back', 'still waiting'])
  const [, hello, back] = anna.shown.messages
  expect(hello).toMatchObject({ status: 'read', encryption: { verified: true } })
  expect(back).toMatchObject({ replyTo: { id: hello?.id, known: true, excerpt: 'hello' } })

  // Encrypted by the old build, sent and read by this one; then the ratchet goes on.
  await bob.boot()
  await bob.messenger.openConversation(anna.chat)
  await until(() => bob.received().includes('still waiting'), 'what waited is sent and read')
  await bob.messenger.sendText(anna.chat, 'from the new build')
  await until(() => anna.received().includes('from the new build'), 'the answer is read')
  expect(bob.flow().concat(anna.flow())).not.toContain('awaited')

  // What was held under the new key opens once that is accepted.
  await anna.messenger.openConversation(conversationWith(daveId))
  await anna.messenger.acceptNewKey(daveId, personNamed(anna, 'dave')?.changedIdentity ?? '')
  await until(() => anna.received().includes('from the new key'), 'held messages open')
  expect(anna.received()).toEqual(['from the old key', 'from the new key'])

  // The index is made of what was written before.
  const hits = await anna.messenger.search('hello')
  expect(hits.map(({ message }) => message.text).toSorted()).toEqual(['hello', 'hello back'])
})
