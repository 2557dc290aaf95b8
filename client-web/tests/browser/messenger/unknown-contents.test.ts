/** Contents of types that this build does not know, as a newer client sends them. */
import { expect, test } from 'vitest'
import { MAX_FALLBACK } from '@/messenger/contents/unknown/unknown'
import { settledClients, strangers } from '../../support/client'
import { sayingFields } from '../../support/saying'
import { until } from '../../support/wait'

const poll = (over: object = {}): string => JSON.stringify({ type: 'poll', question: '?', ...over })

test('are shown by their fallback, and kept unshown where they are silent', async () => {
  const { anna, bob } = await settledClients({ engine: sayingFields })
  const say = (text: string) => anna.messenger.sendText(bob.chat, text)
  const chat = () => bob.shown.conversations.get(anna.chat)
  await bob.messenger.markRead(anna.chat)

  await say(poll({ fallback: 'A poll: tea or coffee?' }))
  await until(() => chat()?.unread === 1, 'one unread')
  expect(chat()?.last).toMatchObject({ kind: 'unknown', text: 'A poll: tea or coffee?' })

  await say(poll({ silent: true, fallback: 'nobody sees the walrus' }))
  await say(poll({ fallback: 7 }))
  await until(() => chat()?.unread === 2, 'the one that is not silent')
  await say(poll({ fallback: 'long '.repeat(400) }))
  await say(poll({ silent: 'true', fallback: 'only true silences' }))
  await until(() => chat()?.unread === 4, 'both')
  await say(poll({ silent: true }))
  await bob.messenger.setMuted(anna.chat, true)
  // Silent ones are confirmed to nobody.
  const confirmed = ['read', 'delivered', 'accepted', 'delivered', 'delivered', 'delivered']
  await until(() => anna.statuses().slice(0, 6).join() === confirmed.join(), 'receipts', 15_000)

  const shown = ['hello', 'A poll: tea or coffee?', '', expect.any(String), 'only true silences']
  expect(bob.received()).toEqual(shown)
  expect(bob.received()[3]?.length).toBeLessThanOrEqual(MAX_FALLBACK + 1)
  expect(bob.shown.messages.slice(2).map(({ kind }) => kind)).toEqual(Array(4).fill('unknown'))
  expect(bob.flow()).not.toContain('gap')
  expect(chat()).toMatchObject({ unread: 4, last: { text: 'only true silences' } })

  const found = async (text: string) =>
    (await bob.messenger.search(text)).map(({ message }) => message.text)
  expect(await found('coffee')).toEqual(['A poll: tea or coffee?'])
  expect(await found('walrus')).toEqual([])

  // A quote shows the fallback as well.
  const asked = bob.shown.messages.find(({ text }) => text.includes('coffee'))
  await bob.messenger.reply(anna.chat, 'tea', asked?.id ?? '')
  expect(bob.shown.messages.at(-1)?.replyTo).toMatchObject({
    known: true,
    outgoing: false,
    excerpt: 'A poll: tea or coffee?',
  })

  const again = await bob.reloaded()
  await again.messenger.openConversation(anna.chat)
  expect(again.received()).toEqual(shown)
})

test('from a stranger: a silent one asks nothing, a shown one is a request', async () => {
  const { anna, bob } = await strangers({ anna: { engine: sayingFields } })
  await anna.messenger.addContactByCode(bob.code)
  await anna.messenger.sendText(bob.chat, poll({ silent: true, fallback: 'unseen' }))
  await anna.messenger.sendText(bob.chat, poll({ fallback: 'A poll?' }))
  await until(() => bob.shown.waiting.length === 1, 'a request')
  expect(bob.shown.waiting).toMatchObject([
    { username: 'anna', count: 1, last: { text: 'A poll?' } },
  ])
})
