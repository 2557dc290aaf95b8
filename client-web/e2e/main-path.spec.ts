import { acquainted, expect, test, testAlone } from './support/fixtures'

test.use({ serviceWorkers: 'allow', contextOptions: { reducedMotion: 'no-preference' } })

const numbered = (what: string, count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, i) => `${what} number ${String(from + i).padStart(2, '0')}.`)

testAlone(
  'two people write to each other, offline and through kill -9 of every part',
  async ({ person, relay }) => {
    test.setTimeout(300_000)
    const [anna, bob] = await acquainted(person)

    await anna.write('The owl flies at midnight')
    await bob.hasReceived(['The owl flies at midnight'])
    await bob.write('Understood')
    await anna.hasReceived(['Understood'])
    // Bob's chat is open: he has read it.
    await anna.hasStatuses('read', 1)

    await bob.offline(true)
    await bob.hasState('offline')
    const first = numbered('first', 12)
    await anna.write(...first)
    await anna.hasStatuses('accepted', 12)

    await relay.kill('node-0', 'projector', 'pusher', 'retention', 'rate-limiter', 'log')
    await anna.isOnline()
    const second = numbered('second', 5)
    await anna.write(...second)

    await relay.kill('postgres', 'board')
    await bob.offline(false)
    await bob.isOnline()
    await bob.hasReceived(['The owl flies at midnight', ...first, ...second])
    await anna.hasStatuses('read', 18)

    await bob.write('All of it came')
    await anna.hasReceived(['Understood', 'All of it came'])
    // Data that the relay does know is found: the search looks where it should.
    expect(relay.filesWith(anna.name)).not.toEqual([])
    for (const text of ['The owl flies', 'number 07', 'Understood', 'All of it came']) {
      expect(relay.filesWith(text)).toEqual([])
    }
  },
)

test('an outbox that waits survives a reload and goes out once', async ({ person }) => {
  const [anna, bob] = await acquainted(person)
  await anna.write('before')
  await bob.hasReceived(['before'])
  // The page itself comes from the service worker when the network is gone.
  await anna.isInstalled()
  await anna.offline(true)
  await anna.write('waiting one', 'waiting two')
  await anna.hasStatuses('waiting', 2)
  await anna.page.reload()
  await anna.chatWith(bob.name)
  await anna.hasStatuses('waiting', 2)
  await anna.offline(false)
  await bob.hasReceived(['before', 'waiting one', 'waiting two'])
  await anna.hasStatuses('waiting', 0)
})

test('a stranger is a request, gets nothing back until accepted, then both write', async ({
  person,
}) => {
  const [anna, bob] = [await person('anna'), await person('bob')]
  const code = await bob.code()
  await anna.add(code)
  await anna.write('Hello, we met yesterday')
  await anna.hasStatuses('accepted', 1)
  await bob.page.waitForTimeout(6_000)
  await anna.hasStatuses('accepted', 1)
  await bob.acceptRequestOf(anna.name)
  await bob.hasReceived(['Hello, we met yesterday'])
  await anna.hasStatuses('accepted', 0)
  await bob.write('Of course')
  await anna.hasReceived(['Of course'])
})
