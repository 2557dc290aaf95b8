/** On phones the person chooses the server; a browser has it by the page's address. */
import { expect, test } from 'vitest'
import { Client, PASSWORD } from '../../support/client'
import { TestRelay } from '../../support/test-relay'

test('an address that is none, or leads to no relay, is not kept; nor is any while somebody is logged in', async () => {
  const kept: string[] = []
  const address = {
    url: () => kept.at(-1) ?? null,
    choose: async (url: string) => void kept.push(url),
  }
  const client = new Client('anna', new TestRelay(), { relay: address })
  await client.boot()
  expect(client.shown.state.relay).toEqual({ url: null, choosable: true })
  const choose = (typed: string) => client.messenger.chooseRelay(typed)
  await expect(choose('two words')).rejects.toMatchObject({ code: 'bad_address' })
  await expect(choose('http://chat.example.org')).rejects.toMatchObject({ code: 'bad_address' })
  // This page's own server gives a page there, and no relay's answer.
  await expect(choose(location.origin)).rejects.toMatchObject({ code: 'not_a_relay' })
  await client.messenger.register('anna', PASSWORD)
  await expect(choose(location.origin)).rejects.toMatchObject({ code: 'invalid' })
  expect(kept).toEqual([])
})

test('where the page comes from its relay, none can be chosen', async () => {
  const client = new Client('anna', new TestRelay())
  await client.boot()
  expect(client.shown.state.relay).toEqual({ url: location.origin, choosable: false })
  await expect(client.messenger.chooseRelay('chat.example.org')).rejects.toMatchObject({
    code: 'invalid',
  })
})
