import type { SealedEngine } from '@/crypto/engine/engine'
import { MessengerError } from '@/messenger/contract'
import type { App } from './app'

/** A place to keep an account: its keys are made now only on a device that has none. */
export async function openStorage(app: App): Promise<void> {
  if (app.opened) return
  const { localData } = app
  if (!localData) throw new MessengerError('not_leading')
  const state = await localData.vault.state()
  if (state === 'locked') throw new MessengerError('locked')
  const root =
    state === 'open' ? await localData.vault.unlock(null) : await localData.vault.create()
  await app.unlock(localData, root)
}

/** The engine, whose safe is open. @throws MessengerError `locked` */
export function engineOf(app: App): SealedEngine {
  if (!app.engine) throw new MessengerError('locked')
  return app.engine.engine
}
