/** What is written while a message disappears keeps nothing of it. */
import { expect, test } from 'vitest'
import { settledClients } from '../../support/client'
import { clock, MINUTE, setBoth, tell } from '../../support/timers'

test('answers that are stored while their message goes quote nothing of it', async () => {
  const { options, pass } = clock()
  const { anna, bob } = await settledClients(options)
  await setBoth(anna, bob, 60)
  const id = await tell(anna, bob, 'a secret')
  await setBoth(anna, bob, 3600)
  pass(2 * MINUTE)
  // Each that the relay takes gets a time, and whatever gets a time looks at the clock.
  const answers: Promise<unknown>[] = []
  while (anna.flow().includes('a secret')) {
    answers.push(anna.messenger.reply(bob.chat, 'well', id))
    await new Promise((done) => setTimeout(done))
  }
  await Promise.all(answers)
  const again = await anna.reloaded()
  await again.messenger.openConversation(bob.chat)
  expect(JSON.stringify(again.shown.messages)).not.toContain('secret')
})
