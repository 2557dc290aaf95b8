import { test as base } from '@playwright/test'
import { Person } from './person'
import { Relay } from './relay'

interface Fixtures {
  /** A registered person; leaves, and must have had nothing to complain about, at the end. */
  person(name: string): Promise<Person>
  visitor(name: string): Promise<Person>
}

let serial = 0

/** Names are unique within a relay, so that tests share one. */
export const unique = (name: string): string => `${name}_${Date.now().toString(36)}${serial++}`

export const test = base.extend<Fixtures, { relay: Relay }>({
  relay: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const relay = await Relay.start()
      await use(relay)
      await relay.destroy()
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  async visitor({ browser, relay }, use) {
    const people: Person[] = []
    await use(async (name) => {
      const person = await Person.arrive(browser, relay.url, unique(name))
      people.push(person)
      return person
    })
    for (const person of people) await person.leave()
    const complaints = people.flatMap((person) => person.complaints)
    base.expect(complaints).toEqual([])
  },
  async person({ visitor }, use) {
    await use(async (name) => {
      const person = await visitor(name)
      await person.register()
      return person
    })
  },
})

export const { expect } = base

/** Two people who have each other as contacts, each with the chat open. */
export async function acquainted(person: Fixtures['person']): Promise<[Person, Person]> {
  const [anna, bob] = [await person('anna'), await person('bob')]
  const [annasCode, bobsCode] = [await anna.code(), await bob.code()]
  await anna.add(bobsCode)
  await bob.add(annasCode)
  return [anna, bob]
}
