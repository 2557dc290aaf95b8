import { own } from '@/crypto/bytes'
import type { App } from '@/messenger/session/app'
import { collect, readContent } from '@/messenger/backup/backup-content'
import { restore } from '@/messenger/backup/restore'
import { localIdentity } from '@/messenger/core/core'
import { LEAST_STRENGTH, MessengerError } from '@/messenger/contract'
import type { SafekeepingCommands } from '@/messenger/contract'
import { passphraseStrength, suggestPassphrase } from '@/messenger/backup/passphrase-strength'

/** @throws MessengerError `weak_passphrase` */
export function checkStrength(passphrase: string): void {
  if (passphraseStrength(passphrase) < LEAST_STRENGTH) throw new MessengerError('weak_passphrase')
}

export interface Safekeeping extends SafekeepingCommands {
  cancelBackup(): void
}

export function safekeepingCommands(app: App): Safekeeping {
  let cancelled = false
  const goOn = (): void => {
    if (cancelled) throw new MessengerError('cancelled')
  }

  return {
    cancelBackup() {
      cancelled = true
    },
    saveFile: (name, file) => app.platform.saveFile(name, file),
    async createBackup(passphrase) {
      checkStrength(passphrase)
      cancelled = false
      const core = app.theCore()
      const show = (done: number, total: number): void => {
        goOn()
        app.view.progress('backup', { task: 'backup', done, total, cancellable: true })
      }
      try {
        show(0, 0)
        const { userId, username } = core.account
        const createdAt = core.now()
        const account = { userId, username }
        const fixed = { createdAt, account, settings: core.settings }
        const plain = await collect(core.store, fixed, show)
        const file = await core.engine.sealBackup(plain, localIdentity(core), passphrase)
        goOn()
        await app.saveAccount({ lastBackupAt: createdAt })
        const day = new Date(createdAt).toISOString().slice(0, 10)
        const type = 'application/octet-stream'
        return { name: `sealstream-${username}-${day}.backup`, file: new Blob([file], { type }) }
      } finally {
        app.view.progress('backup', null)
      }
    },
    async restoreBackup(file, passphrase) {
      cancelled = false
      const { engine } = app.theCore()
      const progress = { task: 'restore' as const, total: 3, cancellable: true }
      try {
        app.view.progress('restore', { ...progress, done: 0 })
        const opened = await engine.openBackup(own(await file.arrayBuffer()), passphrase)
        goOn()
        app.view.progress('restore', { ...progress, done: 1 })
        const content = readContent(opened.content)
        goOn()
        app.view.progress('restore', { ...progress, done: 2, cancellable: false })
        await restore(app, content, opened.identity)
      } finally {
        app.view.progress('restore', null)
      }
    },
    suggestPassphrase,
    passphraseStrength,
  }
}
