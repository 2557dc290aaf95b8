import { random } from '@/crypto/bytes'
import { PasskeyError } from '@/platform/platform'
import { MessengerError } from '@/messenger/contract'
import type { LockCommands } from '@/messenger/contract'
import type { App } from '@/messenger/session/app'
import type { LocalData } from '@/messenger/session/local-data'
import { sealAnew } from '@/messenger/session/resealing'
import { checkStrength } from './safekeeping-commands'

/** The lock of this device: a passphrase, and beside it a passkey. */
export function lockCommands(app: App): LockCommands {
  let locking: Promise<void> | null = null
  /** What views put away when they are taken down, a draft just typed, is still stored. */
  async function goDown(): Promise<void> {
    const { opened } = app
    await Promise.resolve()
    await app.settle()
    // Taken down by something else meanwhile, which shows what came of it.
    if (app.opened !== opened) return
    const knownUsername = opened?.account?.username ?? null
    app.down()
    app.view.app({ phase: 'locked', account: null, knownUsername })
  }

  function localData(): LocalData {
    if (!app.localData) throw new MessengerError('not_leading')
    return app.localData
  }

  function passkeys() {
    if (!app.platform.passkeys) throw new PasskeyError('unsupported')
    return app.platform.passkeys
  }

  async function open(root: CryptoKey): Promise<void> {
    app.setLock({ locked: false })
    await app.enter(root)
  }

  return {
    async setPassphrase(next, current) {
      if (next !== null) await checkStrength(next)
      app.theOpened()
      if (next === null) {
        await localData().vault.removeLock(current ?? null)
        return app.setLock({ enabled: false, passkey: false })
      }
      await sealAnew(app, next, current ?? null)
      app.view.app({ offerLock: false })
    },
    async declineLock() {
      app.view.app({ offerLock: false })
    },
    async passkeySupported() {
      return (await app.platform.passkeys?.supported()) ?? false
    },
    async addPasskey(passphrase) {
      const name = app.theOpened().account?.username ?? 'Sealstream'
      const { vault } = localData()
      // Nothing is left at the authenticator for a passphrase that is wrong.
      await vault.unlock(passphrase)
      const salt = random(32)
      const { id, secret } = await passkeys().create(name, salt)
      await vault.addPasskey(passphrase, { id, salt }, secret)
      secret.fill(0)
      app.setLock({ passkey: true })
    },
    removePasskey: (passphrase) => sealAnew(app, passphrase, passphrase),
    async lock() {
      if (!app.lock.enabled || !app.opened) throw new MessengerError('invalid', 'no lock')
      // Seen from now on, before anything is waited for: nothing else may be drawn any more.
      app.setLock({ locked: true })
      locking ??= goDown().finally(() => (locking = null))
      return locking
    },
    async unlock(passphrase) {
      await locking
      await open(await localData().vault.unlock(passphrase))
    },
    async unlockWithPasskey() {
      await locking
      const { vault } = localData()
      const passkey = await vault.passkey()
      if (!passkey) throw new MessengerError('wrong_passkey')
      const secret = await passkeys().secret(passkey.id, passkey.salt)
      const root = await vault.unlockWithPasskey(secret)
      secret.fill(0)
      await open(root)
    },
  }
}
