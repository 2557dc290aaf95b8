import { acquainted, test } from './support/fixtures'

test.use({ serviceWorkers: 'allow', contextOptions: { reducedMotion: 'no-preference' } })

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
