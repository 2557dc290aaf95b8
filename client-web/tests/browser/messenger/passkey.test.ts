/** A passkey beside the passphrase, with Chromium's own virtual authenticator. */
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { webPasskeys } from '@/platform/passkeys'
import { acquaintedClients, Client } from '../../support/client'
import { until } from '../../support/wait'

const PASSPHRASE = 'open sesame now'

interface Devtools {
  send(method: string, parameters?: object): Promise<unknown>
}
const devtools = (): Devtools => cdp() as unknown as Devtools
const added: string[] = []

/** One that asks nobody. `prf`: whether it keeps secrets. */
async function authenticator(prf: boolean): Promise<void> {
  await devtools().send('WebAuthn.enable')
  const { authenticatorId } = (await devtools().send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      hasPrf: prf,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })) as { authenticatorId: string }
  added.push(authenticatorId)
}
/** All of them: what they kept is gone. */
async function removeAuthenticators(): Promise<void> {
  for (const authenticatorId of added.splice(0)) {
    await devtools().send('WebAuthn.removeVirtualAuthenticator', { authenticatorId })
  }
}
afterEach(removeAuthenticators)

test('unlocks beside the passphrase, and no longer once it was removed', async () => {
  await authenticator(true)
  const { anna, bob } = await acquaintedClients()
  expect(await anna.messenger.passkeySupported()).toBe(true)
  await anna.messenger.setPassphrase(PASSPHRASE)
  await expect(anna.messenger.addPasskey('wrong')).rejects.toMatchObject({
    code: 'wrong_passphrase',
  })
  await anna.messenger.addPasskey(PASSPHRASE)
  expect(anna.shown.state.lock).toEqual({ enabled: true, locked: false, passkey: true })

  const again = await anna.reloaded()
  expect(again.shown.state).toMatchObject({ phase: 'locked', lock: { passkey: true } })
  await again.messenger.unlockWithPasskey()
  expect(again.shown.state.phase).toBe('ready')
  await again.messenger.sendText(bob.chat, 'without a word')
  await until(() => bob.received().includes('without a word'), 'sent')
  // The passphrase goes on opening it.
  await again.messenger.lock()
  await again.messenger.unlock(PASSPHRASE)

  await again.messenger.removePasskey(PASSPHRASE)
  expect(again.shown.state.lock).toEqual({ enabled: true, locked: false, passkey: false })
  await again.messenger.lock()
  await expect(again.messenger.unlockWithPasskey()).rejects.toMatchObject({ code: 'wrong_passkey' })
  await again.messenger.unlock(PASSPHRASE)
  expect(again.shown.state.phase).toBe('ready')
})

test('a new passphrase leaves none; an authenticator that lost it opens nothing', async () => {
  await authenticator(true)
  const { anna } = await acquaintedClients()
  await anna.messenger.setPassphrase(PASSPHRASE)
  await anna.messenger.addPasskey(PASSPHRASE)
  await anna.messenger.lock()
  await removeAuthenticators()
  await authenticator(true)
  await expect(anna.messenger.unlockWithPasskey()).rejects.toMatchObject({ code: 'cancelled' })
  expect(anna.shown.state.phase).toBe('locked')
  await anna.messenger.unlock(PASSPHRASE)
  await anna.messenger.setPassphrase('crooked lamp nine rivers', PASSPHRASE)
  expect(anna.shown.state.lock?.passkey).toBe(false)
  expect((await anna.reloaded()).shown.state.lock).toMatchObject({ enabled: true, passkey: false })
})

test('an authenticator that keeps no secret is refused, and the passphrase stays', async () => {
  await authenticator(false)
  const { anna } = await acquaintedClients()
  await anna.messenger.setPassphrase(PASSPHRASE)
  await expect(anna.messenger.addPasskey(PASSPHRASE)).rejects.toMatchObject({
    code: 'passkey_unsupported',
  })
  expect(anna.shown.state.lock?.passkey).toBe(false)
})

test('without a passphrase there is none: it is never the only way', async () => {
  await authenticator(true)
  const { anna } = await acquaintedClients()
  await expect(anna.messenger.addPasskey(PASSPHRASE)).rejects.toMatchObject({
    code: 'storage_failed',
  })
})

test('is offered only where the browser says that it can', async () => {
  const original = PublicKeyCredential.getClientCapabilities
  onTestFinished(() => {
    PublicKeyCredential.getClientCapabilities = original
  })
  expect(await webPasskeys.supported()).toBe(true)
  PublicKeyCredential.getClientCapabilities = () => Promise.resolve({ 'extension:prf': false })
  expect(await webPasskeys.supported()).toBe(false)
  PublicKeyCredential.getClientCapabilities = undefined as never
  expect(await webPasskeys.supported()).toBe(false)
  vi.stubGlobal('PublicKeyCredential', undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  expect(await webPasskeys.supported()).toBe(false)
  expect(
    await new Client('anna', undefined as never, {
      wire: {} as never,
    }).messenger.passkeySupported(),
  ).toBe(false)
})
