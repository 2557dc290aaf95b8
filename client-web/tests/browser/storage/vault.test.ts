import { expect, test } from 'vitest'
import { webDeviceKeys } from '@/platform/web'
import { openDatabase } from '@/storage/database'
import { Sealer } from '@/storage/sealer'
import { Changes } from '@/storage/changes'
import { Store } from '@/storage/store'
import { Vault } from '@/storage/vault'
import { reseal } from '@/storage/reseal'
import { copied, openStore, raw } from '../../support/storage'
import type { OpenedStore } from '../../support/storage'

test('the device key cannot be exported', async () => {
  const { name } = await openStore()
  const key = (await webDeviceKeys(`${name}-keys`).load()) as CryptoKey
  expect(key.extractable).toBe(false)
  await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
})

test('a root that is there is never overwritten, not even when the device key is gone', async () => {
  const { store, vault, name } = await openStore()
  await store.commit(new Changes().put('records', 'x', 'kept'))
  await expect(vault.create()).rejects.toMatchObject({ code: 'failed' })
  expect(await vault.state()).toBe('open')
  const root = await vault.unlock(null)
  expect(await new Store(await openDatabase(name), new Sealer(root)).get(raw('records'), 'x')).toBe(
    'kept',
  )
  await webDeviceKeys(`${name}-keys`).erase()
  expect(await vault.state()).toBe('open')
  await expect(vault.unlock(null)).rejects.toMatchObject({ code: 'damaged' })
  await expect(vault.create()).rejects.toMatchObject({ code: 'failed' })
})

const PASSPHRASE = 'correct horse battery'

/** As `setPassphrase` does it, without an app around. */
async function lockWith(opened: OpenedStore, passphrase: string): Promise<OpenedStore> {
  const { root, entry } = await opened.vault.renew(passphrase)
  const sealer = new Sealer(root)
  await reseal(opened.db, { from: opened.sealer, to: sealer, entry })
  const store = new Store(opened.db, sealer)
  await store.takeFence()
  return { ...opened, sealer, store }
}

test('with a passphrase the device opens with it alone, and records stay readable', async () => {
  const opened = await openStore()
  const { vault } = opened
  await opened.store.commit(new Changes().put('records', 'x', 'kept'))
  const { store } = await lockWith(opened, PASSPHRASE)
  expect(await vault.state()).toBe('locked')
  await expect(vault.unlock(null)).rejects.toMatchObject({ code: 'locked' })
  await expect(vault.unlock('wrong')).rejects.toMatchObject({ code: 'wrong_passphrase' })
  await vault.unlock(PASSPHRASE)
  // Pasted from another messenger.
  await vault.unlock('\u2068correct horse\u00A0battery\u2069 ')
  await expect(vault.removeLock('wrong')).rejects.toMatchObject({ code: 'wrong_passphrase' })
  await vault.removeLock(PASSPHRASE)
  expect(await vault.state()).toBe('open')
  expect(await store.get(raw('records'), 'x')).toBe('kept')
})

test('threat 28: a copied database does not open on another device, nor without the passphrase', async () => {
  const opened = await openStore()
  const { db, name } = opened
  await opened.store.commit(new Changes().put('records', 'x', 'secret'))
  await lockWith(opened, PASSPHRASE)
  const copy = await copied(db, `${name}-copy`)
  const elsewhere = webDeviceKeys(`${name}-elsewhere`)
  await elsewhere.create()
  await expect(new Vault(copy, elsewhere).unlock(PASSPHRASE)).rejects.toMatchObject({
    code: 'damaged',
  })
  const sameDevice = new Vault(copy, webDeviceKeys(`${name}-keys`))
  await expect(sameDevice.unlock('guess')).rejects.toMatchObject({ code: 'wrong_passphrase' })
  const root = await sameDevice.unlock(PASSPHRASE)
  expect(await new Store(copy, new Sealer(root)).get(raw('records'), 'x')).toBe('secret')
})

test('threat 31: nonces and keys never repeat, and one key seals a bounded number', async () => {
  const root = await crypto.subtle.importKey('raw', new Uint8Array(32), 'HKDF', false, [
    'deriveKey',
  ])
  const sealer = new Sealer(root, 50)
  const [nonces, perKey] = [new Set<string>(), new Map<string, number>()]
  for (let i = 0; i < 500; i++) {
    const sealed = await sealer.seal('records/x', i)
    const salt = String(sealed.slice(1, 17))
    perKey.set(salt, (perKey.get(salt) ?? 0) + 1)
    nonces.add(`${salt}/${String(sealed.slice(17, 29))}`)
    expect(await sealer.open('records/x', sealed)).toBe(i)
  }
  expect(nonces.size).toBe(500)
  expect([...perKey.values()].every((count) => count <= 50)).toBe(true)
  const other = await new Sealer(root, 50).seal('records/x', 0)
  expect(perKey.has(String(other.slice(1, 17)))).toBe(false)
})
