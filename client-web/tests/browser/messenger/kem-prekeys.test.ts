/** KEM prekeys at the relay and on this device: published, refilled, rotated, and erased when nothing needs them. */
import { describe, expect, test } from 'vitest'
import { fromBase64 } from '@/crypto/bytes'
import { isValid } from '@/crypto/curve/xeddsa'
import { kemPrekeys, usedBaseKeys } from '@/messenger/core/key-records'
import type { Wire } from '@/wire/wire'
import scene from '../../fixtures/profiles-2026-11-29.base64?raw'
import { Client } from '../../support/client'
import { loadScene } from '../../support/profile'
import { freshName, openStore } from '../../support/storage'
import { TestRelay } from '../../support/test-relay'
import { calm, until } from '../../support/wait'

const DAY = 86_400_000

/** What lies in the database of a client that has stopped. */
async function kept(client: Client) {
  client.stop()
  const { db, store } = await openStore(client.database)
  try {
    return { keys: await store.all(kemPrekeys), uses: await store.all(usedBaseKeys) }
  } finally {
    db.close()
  }
}

/** At each connection a device looks after its keys, then at the log-ins. */
function lookedAfter(relay: TestRelay): { wire: Wire; again(client: Client): Promise<void> } {
  let looks = 0
  const wire = relay.wire(async ({ method, path }) => {
    if (method === 'GET' && path.endsWith('/sessions')) looks += 1
  })
  return {
    wire,
    async again(client) {
      // Two looks at once are one: the first has to be over.
      await until(() => looks > 0, 'looked after before')
      await calm(100)
      const before = looks
      relay.drop(client.name)
      client.messenger.reconnect()
      await until(() => looks > before, 'looked after')
    },
  }
}

test('a new device publishes ten one-time KEM prekeys and a last resort, all signed', async () => {
  const relay = new TestRelay()
  const anna = await Client.registered('anna', relay)
  const { kemPrekey, kemPrekeys: oneTime } = relay.device('anna')
  const identity = fromBase64(relay.user('anna').identity ?? '').slice(1)
  expect(oneTime).toHaveLength(10)
  const all = [...oneTime, ...(kemPrekey ? [kemPrekey] : [])]
  expect(new Set(all.map(({ id }) => id)).size).toBe(11)
  for (const { key, signature } of all) {
    const bytes = fromBase64(key)
    expect([bytes.length, bytes[0]]).toEqual([1569, 8])
    expect(isValid(identity, bytes, fromBase64(signature))).toBe(true)
  }
  const { keys: here } = await kept(anna)
  expect(here.map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id).toSorted())
  expect(here.filter(({ lastResort }) => lastResort).map(({ id }) => id)).toEqual([kemPrekey?.id])
})

test('few left at the relay are replenished, under new ids', async () => {
  const relay = new TestRelay()
  const { wire, again } = lookedAfter(relay)
  const anna = await Client.registered('anna', relay, { wire })
  const device = relay.device('anna')
  const before = new Set(device.kemPrekeys.map(({ id }) => id))
  await again(anna)
  device.kemPrekeys.splice(0, 6)
  await again(anna)
  await until(() => device.kemPrekeys.length === 14, 'replenished')
  const fresh = device.kemPrekeys.slice(4).map(({ id }) => id)
  expect(fresh.filter((id) => before.has(id) || id === device.kemPrekey?.id)).toEqual([])
})

test('the last resort is renewed with the signed prekey; the old one goes when both clocks say so', async () => {
  let [hers, relays] = [0, 0]
  const relay = new TestRelay()
  const { wire, again } = lookedAfter(relay)
  const anna = await Client.registered('anna', relay, { wire, now: () => Date.now() + hers * DAY })
  const bob = await Client.registered('bob', relay)
  await anna.messenger.addContactByCode(bob.code)
  await bob.messenger.addContactByCode(anna.code)
  relay.onEnvelope = (one) => [{ ...one, at: one.at + relays * DAY }]
  const tellTime = async (text: string) => {
    await bob.messenger.sendText(anna.chat, text)
    await until(() => anna.shown.conversations.get(bob.chat)?.last?.text === text, text)
  }
  const device = relay.device('anna')
  const [signed, first] = [device.signedPrekey.id, device.kemPrekey?.id]
  // The session begins with the last resort, and that is remembered for as long as the key is kept.
  device.kemPrekeys.length = 0
  hers = relays = 8
  await tellTime('a week later')
  await again(anna)
  expect(device.signedPrekey.id).not.toBe(signed)
  expect(device.kemPrekey?.id).not.toBe(first)
  hers = 80
  await again(anna)
  const held = async () => {
    const { keys, uses } = await kept(anna)
    return { keys: keys.map(({ id }) => id), uses: uses.map(({ kemPrekeyId }) => kemPrekeyId) }
  }
  const before = await held()
  expect(before.keys).toContain(first)
  expect(before.uses).toEqual([first])
  const later = await anna.reloaded()
  relays = 80
  await bob.messenger.sendText(anna.chat, 'both agree')
  await until(() => later.shown.conversations.get(bob.chat)?.last?.text === 'both agree', 'told')
  await again(later)
  later.stop()
  const after = await held()
  expect(after.keys).not.toContain(first)
  expect(after.uses).toEqual([])
})

describe('a relay that lost, or never had them', () => {
  test('is given the last resort anew', async () => {
    const relay = new TestRelay()
    const { wire, again } = lookedAfter(relay)
    const anna = await Client.registered('anna', relay, { wire })
    const device = relay.device('anna')
    const { kemPrekey } = device
    await again(anna)
    Object.assign(device, { kemPrekey: null, kemPrekeys: [] })
    await again(anna)
    await until(() => device.kemPrekeys.length === 10, 'replenished')
    expect(device.kemPrekey).toEqual(kemPrekey)
  })

  test('and does not know of them is not asked to take any', async () => {
    const relay = new TestRelay()
    const calls: string[] = []
    const older = relay.wire()
    const wire: Wire = {
      ...older,
      call: async (request) => {
        calls.push(`${request.method} ${request.path}`)
        const answer = (await older.call(request)) as Record<string, unknown>
        if (request.method !== 'GET' || request.path !== '/v1/keys') return answer
        const { kem_prekey_id: _, kem_available: __, ...rest } = answer
        return rest
      },
    }
    const anna = await Client.registered('anna', relay, { wire })
    await until(() => calls.includes('GET /v1/sessions'), 'looked after')
    expect(calls.filter((call) => /kem|signed/.test(call))).toEqual([])
    expect(anna.shown.state.phase).toBe('ready')
  })
})

test('a profile of a build without KEM prekeys publishes them at its next start', async () => {
  const prefix = freshName()
  const { relay, at } = await loadScene(scene, prefix)
  const now = (): number => at + 3_600_000
  const anna = new Client('anna', relay, { now }, `${prefix}-anna`)
  const device = relay.device('anna')
  const { signedPrekey } = device
  expect(device.kemPrekey).toBeNull()
  await anna.boot()
  await until(() => device.kemPrekeys.length === 10, 'published')
  expect(device.kemPrekey).not.toBeNull()
  expect(device.signedPrekey).toEqual(signedPrekey)
})
