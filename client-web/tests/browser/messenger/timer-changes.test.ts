/** How long messages stay: a change is the same on both sides, whatever crosses it. */
import { describe, expect, test } from 'vitest'
import { conversationWith } from '@/messenger/contract'
import { RelayError } from '@/wire/errors'
import { settledClients, strangers } from '../../support/client'
import { HOUR, last, notices, setBoth, tell, timer } from '../../support/timers'
import { calm, until } from '../../support/wait'

describe('a change', () => {
  test('is known on both sides, with a notice; the later one counts', async () => {
    const { anna, bob } = await settledClients()
    await setBoth(anna, bob, 3600)
    expect(notices(anna)).toEqual([{ type: 'timer', seconds: 3600, mine: true }])
    expect(notices(bob)).toEqual([{ type: 'timer', seconds: 3600, mine: false }])
    await setBoth(bob, anna, 0)
    expect(notices(anna).at(-1)).toEqual({ type: 'timer', seconds: 0, mine: false })
    await Promise.all([
      anna.messenger.setTimer(bob.chat, 60, 'x'),
      bob.messenger.setTimer(anna.chat, 300, 'x'),
    ])
    await until(() => anna.shown.link.waiting === 0 && bob.shown.link.waiting === 0, 'sent')
    await until(() => timer(anna, bob) === timer(bob, anna) && timer(anna, bob) !== 0, 'agreed')
    await calm()
    expect(timer(anna, bob)).toBe(timer(bob, anna))
    const again = await anna.reloaded()
    expect(timer(again, bob)).toBe(timer(bob, anna))
  })

  test('stays when the chat is deleted, and goes with the contact', async () => {
    const { anna, bob } = await settledClients()
    await setBoth(anna, bob, 3600)
    await bob.messenger.deleteConversation(anna.chat)
    await bob.messenger.openConversation(anna.chat)
    await tell(bob, anna, 'still short')
    expect(last(anna)?.expiry?.seconds).toBe(3600)
    await bob.messenger.removeContact(anna.userId)
    await bob.messenger.addContactByCode(anna.code)
    await bob.messenger.openConversation(anna.chat)
    await tell(bob, anna, 'from the start')
    expect(last(anna)?.expiry).toBeUndefined()
  })

  test('of somebody who is blocked or not accepted changes nothing', async () => {
    const { anna, bob } = await strangers()
    await anna.messenger.addContactByCode(bob.code)
    await anna.messenger.openConversation(bob.chat)
    await anna.messenger.setTimer(bob.chat, 60, 'x')
    await anna.messenger.sendText(bob.chat, 'hello')
    await until(() => bob.shown.waiting.length === 1, 'asked')
    await bob.messenger.acceptRequest(anna.userId)
    await bob.messenger.openConversation(anna.chat)
    expect(timer(bob, anna)).toBe(0)
    await bob.messenger.block(anna.userId)
    await expect(bob.messenger.setTimer(anna.chat, 60, 'x')).rejects.toMatchObject({
      code: 'blocked',
    })
    await anna.messenger.setTimer(bob.chat, 300, 'x')
    await until(() => anna.shown.link.waiting === 0, 'sent')
    await calm()
    await bob.messenger.unblock(anna.userId)
    expect(timer(bob, anna)).toBe(0)
    expect(notices(bob)).toEqual([])
  })

  test('that the relay never takes is not in force', async () => {
    const { relay, anna, bob } = await settledClients()
    relay.beforeSend = () => {
      throw new RelayError('too_large')
    }
    await anna.messenger.setTimer(bob.chat, 3600, 'x')
    expect(timer(anna, bob)).toBe(3600)
    await until(() => timer(anna, bob) === 0, 'taken back')
    expect(notices(anna).map(({ seconds }) => seconds)).toEqual([3600, 0])
  })

  test('that comes while an own one waits counts if the relay took it later', async () => {
    const { relay, anna, bob } = await settledClients({ now: () => Date.now() + 2 * HOUR })
    let held = true
    relay.beforeSend = ({ to }) => {
      if (held && to === bob.userId) throw new RelayError('unavailable')
    }
    await anna.messenger.setTimer(bob.chat, 3600, 'x')
    await bob.messenger.setTimer(anna.chat, 60, 'x')
    await until(() => timer(bob, anna) === 60, 'bob’s')
    await calm(100)
    expect(timer(anna, bob)).toBe(3600)
    held = false
    anna.messenger.reconnect()
    const again = await anna.reloaded()
    await until(() => timer(bob, again) === 3600, 'anna’s, which came later', 40_000)
    expect(timer(again, bob)).toBe(3600)
    await setBoth(bob, again, 300)
  })

  test('of more or less than is offered is refused', async () => {
    const { anna, bob } = await settledClients()
    for (const seconds of [1, -5, 7.5, 31 * 86_400]) {
      await expect(
        Promise.resolve().then(() => anna.messenger.setTimer(bob.chat, seconds, 'x')),
      ).rejects.toMatchObject({ code: 'invalid' })
    }
    await expect(
      anna.messenger.setTimer(conversationWith(crypto.randomUUID()), 60, 'x'),
    ).rejects.toMatchObject({ code: 'not_found' })
  })
})
