import type { CryptoEngine, LocalIdentity } from '@/crypto/engine'
import { Changes } from '@/storage/changes'
import type { Elapsed } from '@/platform/clock'
import type { Store } from '@/storage/store'
import type { RelayApi } from '@/wire/api'
import type { RelaySocket } from '@/wire/socket'
import { shownAccount } from './account'
import { MessengerError } from './contract'
import type { Settings } from './contract'
import type { Opened } from './home'
import type { AccountRecord } from './records'
import type { Serial } from './serial'
import type { View } from './view'

/** What every part of an open messenger shares. */
export interface Core {
  readonly store: Store
  readonly engine: CryptoEngine
  readonly view: View
  readonly api: RelayApi
  /** The wall clock: for what is stored and shown. */
  readonly now: () => number
  /** For waits. */
  readonly elapsed: Elapsed
  /** The name that this device gives itself, for the account's other devices; null: none. */
  readonly deviceName: string | null
  /**
   * Held by whoever reads what is on this device, decides, and writes it back. A job never asks
   * for another turn: it would wait for itself.
   */
  readonly serial: Serial
  account: AccountRecord
  readonly settings: Settings
  /** The open connection, or null. */
  socket: RelaySocket | null
  /** The relay's log, as named when this connection was opened; null from an older relay. */
  log: string | null
}

/** Account and settings have one home, the opened data; whoever changes them changes that. */
export function coreOver(
  opened: Opened,
  parts: Pick<Core, 'engine' | 'view' | 'api' | 'now' | 'elapsed' | 'deviceName' | 'serial'>,
): Core {
  return {
    ...parts,
    store: opened.store,
    socket: null,
    log: null,
    get account() {
      if (!opened.account) throw new MessengerError('signed_out')
      return opened.account
    },
    set account(account) {
      opened.account = account
      parts.view.app({ account: shownAccount(account) })
    },
    get settings() {
      return opened.settings
    },
  }
}

export function localIdentity(core: Core): LocalIdentity {
  const { identity } = core.account
  if (!identity) throw new MessengerError('signed_out', 'this device has no identity yet')
  return identity
}

/** In its turn, so that two changes of the account never undo each other. */
export function updateAccount(core: Core, patch: Partial<AccountRecord>): Promise<void> {
  return core.serial.run(() => commitAccount(core, patch, new Changes()))
}

/** The account together with `changes`; inside `serial`. */
export async function commitAccount(
  core: Core,
  patch: Partial<AccountRecord>,
  changes: Changes,
): Promise<void> {
  const account = { ...core.account, ...patch }
  await core.store.commit(changes.put('records', 'account', account))
  core.account = account
}
