import { Serial } from '@/messenger/core/serial'
import { MessengerError } from '@/messenger/contract'
import type { App } from './app'

/**
 * Seals everything on this device anew under `passphrase`, then starts again. No service runs meanwhile;
 * its late writes fail. A failure, or a page that ends at any moment, leaves the device as it was.
 * @throws StorageError `wrong_passphrase` before anything stops
 */
export async function sealAnew(
  app: App,
  passphrase: string,
  current: string | null,
): Promise<void> {
  const { localData, engine } = app
  if (!localData || !engine) throw new MessengerError('not_leading')
  let root = await localData.vault.unlock(current)
  await app.settle()
  // Locked, or led by another tab, meanwhile.
  if (app.localData !== localData) throw new MessengerError('not_leading')
  if (!app.opened) throw new MessengerError('locked')
  app.halt()
  app.opened.sealer.wipe()
  app.opened = null
  app.serial = new Serial()
  const show = (done: number, total: number): void =>
    app.view.progress('sealing', { task: 'sealing', done, total, cancellable: false })
  try {
    root = await localData.reseal(root, passphrase, engine, show)
    if (app.localData === localData) {
      app.setLock({ enabled: true, locked: false, passkey: false })
    }
  } finally {
    app.view.progress('sealing', null)
    if (app.localData === localData) await app.enter(root)
  }
}
