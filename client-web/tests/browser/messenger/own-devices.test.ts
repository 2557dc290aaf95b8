/** Devices and log-ins of one's own account: what one device learns of another, and when. */
import { expect, test, vi } from 'vitest'
import { settledClients, Client } from '../../support/client'
import { calm, until } from '../../support/wait'

const PHRASE = 'seven words of a passphrase here'

test('a device that is open learns of one that joins, says so, and copies to it at once', async () => {
  const { relay, anna, bob } = await settledClients()
  await until(() => anna.eventTypes().includes('login'), 'the own log-in')
  expect(anna.shown.state.newDevices).toEqual([])
  const { file } = await anna.messenger.createBackup(PHRASE)
  const second = await Client.loggedIn('anna', relay, { deviceName: 'Firefox (Linux)' })
  await second.messenger.restoreBackup(file, PHRASE)
  await until(() => anna.shown.state.newDevices?.[0]?.name === 'Firefox (Linux)', 'told, by name')
  const [joined] = anna.shown.state.newDevices ?? []
  expect(joined).toMatchObject({ deviceId: 2 })
  expect(Math.abs((joined?.at ?? 0) - Date.now())).toBeLessThan(60_000)
  expect(
    anna.shown.events.filter(({ type }) => type === 'login').map(({ device }) => device),
  ).toEqual([2, 1])
  expect(anna.eventTypes()).toContain('own_device_added')
  // Who joined knows the others from the start: they are no news.
  expect(second.shown.state.newDevices).toEqual([])

  await second.messenger.openConversation(bob.chat)
  await anna.messenger.sendText(bob.chat, 'on both')
  await until(() => second.flow().includes('on both'), 'the copy')

  // Not to be missed: asked again after a reload, until the person has answered.
  const again = await anna.reloaded()
  await until(() => again.shown.state.newDevices?.length === 1, 'asked again')
  await again.messenger.confirmDevice(2)
  expect(again.shown.state.newDevices).toEqual([])
  expect((await again.messenger.listDevices()).map(({ name }) => name)).toEqual([
    null,
    'Firefox (Linux)',
  ])
})

test('one that hides is found by looking, and may be removed', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    const { relay, anna } = await settledClients()
    await until(() => anna.eventTypes().includes('login'), 'looked')
    const { file } = await anna.messenger.createBackup(PHRASE)
    relay.onEnvelope = (one, to) => (to.name === 'anna' ? [] : [one])
    const second = await Client.loggedIn('anna', relay)
    await second.messenger.restoreBackup(file, PHRASE)
    await until(() => relay.sends.some(({ payload }) => payload.to === anna.userId), 'greeted')
    await calm(50)
    expect(anna.shown.state.newDevices).toEqual([])
    vi.advanceTimersByTime(15 * 60_000)
    await until(() => anna.shown.state.newDevices?.length === 1, 'found')
    await anna.messenger.removeDevice(2)
    await until(() => anna.shown.state.newDevices?.length === 0, 'gone')
    expect(anna.eventTypes()).toContain('own_device_removed')
  } finally {
    vi.useRealTimers()
  }
})

test('the signed prekey rotates while the connection stays open', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    let now = Date.now() - 20 * 86_400_000
    const { relay } = await settledClients({ now: () => now })
    const { id } = relay.device('anna').signedPrekey
    now += 8 * 86_400_000
    vi.advanceTimersByTime(15 * 60_000)
    await until(() => relay.device('anna').signedPrekey.id > id, 'rotated')
  } finally {
    vi.useRealTimers()
  }
})
