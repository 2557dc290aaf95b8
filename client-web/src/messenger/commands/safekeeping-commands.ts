import { own } from '@/crypto/bytes'
import type { App } from '@/messenger/session/app'
import { fetched } from '@/platform/late-parts'
import { localIdentity } from '@/messenger/core/core'
import { LEAST_STRENGTH, MessengerError } from '@/messenger/contract'
import type { SafekeepingCommands } from '@/messenger/contract'

const backupParts = () => fetched(import('@/messenger/backup/backup-parts'))
/** With its list of words: fetched when somebody chooses a passphrase. */
const passphrases = () => fetched(import('@/messenger/backup/passphrase-strength'))

/** @throws MessengerError `weak_passphrase` */
export async function checkStrength(passphrase: string): Promise<void> {
  const { passphraseStrength } = await passphrases()
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
      cancelled = false
      await checkStrength(passphrase)
      const { collect } = await backupParts()
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
        const timers = app.theServices().timers.all()
        const fixed = { createdAt, account, settings: core.settings, timers }
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
        const { readContent, restore } = await backupParts()
        const content = readContent(opened.content)
        goOn()
        app.view.progress('restore', { ...progress, done: 2, cancellable: false })
        await restore(app, content, opened.identity)
      } finally {
        app.view.progress('restore', null)
      }
    },
    suggestPassphrase: async () => (await passphrases()).suggestPassphrase(),
    passphraseStrength: async (text) => (await passphrases()).passphraseStrength(text),
  }
}
