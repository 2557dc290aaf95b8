import { Person } from './person'
import { Relay } from './relay'
import { test as base } from './screens-gallery'
import { shared } from './shared'

interface Fixtures {
  /** A registered person; leaves, and must have had nothing to complain about, at the end. */
  person(name: string): Promise<Person>
  visitor(name: string): Promise<Person>
  /** The same person at another device, not logged in yet. */
  again(person: Person): Promise<Person>
}

interface Relays {
  /** Null: the relay that all tests share. Otherwise the test has one of its own with these settings. */
  settings: Record<string, string> | null
  relay: Relay
}

export const { expect } = base

let serial = 0

/** Names are unique within a relay, which tests of all workers share. */
export const unique = (name: string): string =>
  `${name}_${Date.now().toString(36)}${process.env['TEST_WORKER_INDEX']}_${serial++}`

export const test = base.extend<Fixtures & Relays & { guests: Person[] }>({
  settings: [null, { option: true }],
  relay: [
    async ({ settings }, use) => {
      if (settings === null) return use(Relay.at(await shared('relay')))
      const relay = await Relay.start(settings)
      await use(relay)
      await relay.destroy()
    },
    { timeout: 120_000 },
  ],
  // eslint-disable-next-line no-empty-pattern
  async guests({}, use) {
    const guests: Person[] = []
    await use(guests)
    await Promise.all(guests.map((guest) => guest.leave()))
    expect(guests.flatMap((guest) => guest.complaints)).toEqual([])
  },
  async visitor({ browser, relay, guests }, use) {
    await use(async (name) => {
      const person = await Person.arrive(browser, relay.url, unique(name))
      guests.push(person)
      return person
    })
  },
  async again({ browser, relay, guests }, use) {
    await use(async ({ name }) => {
      const device = await Person.arrive(browser, relay.url, name)
      guests.push(device)
      return device
    })
  },
  async person({ visitor }, use) {
    await use(async (name) => {
      const person = await visitor(name)
      await person.register()
      return person
    })
  },
})

/** The connection line's text while there is no connection. */
export const AWAY = 'No connection. Messages wait here.'

/** Two people who have each other as contacts, each with the chat open. */
export async function acquainted(person: Fixtures['person']): Promise<[Person, Person]> {
  const [anna, bob] = await Promise.all([person('anna'), person('bob')])
  const [annasCode, bobsCode] = await Promise.all([anna.code(), bob.code()])
  await Promise.all([anna.add(bobsCode), bob.add(annasCode)])
  return [anna, bob]
}

/** As above, with a session that both sides have answered. */
export async function talking(person: Fixtures['person']): Promise<[Person, Person]> {
  const [anna, bob] = await acquainted(person)
  await anna.write('hello from anna')
  await bob.hasReceived(['hello from anna'])
  await bob.write('hello from bob')
  await anna.hasReceived(['hello from bob'])
  return [anna, bob]
}
