import type { CryptoEngine, LocalIdentity } from '@/crypto/engine'
import type { Changes, Store } from '@/storage/store'
import type { RelayApi } from '@/wire/api'
import type { RelaySocket } from '@/wire/socket'
import { MessengerError } from './contract'
import type { Settings } from './contract'
import type { AccountRecord } from './records'
import type { Serial } from './serial'
import type { View } from './view'

/** What every part of an open messenger shares. */
export interface Core {
  readonly store: Store
  readonly engine: CryptoEngine
  readonly view: View
  readonly api: RelayApi
  readonly now: () => number
  /** Held by whoever reads ratchets or people, decides, and writes them back. */
  readonly serial: Serial
  account: AccountRecord
  readonly settings: Settings
  /** The open connection, or null. */
  socket: RelaySocket | null
}

export function localIdentity(core: Core): LocalIdentity {
  const { identity } = core.account
  if (!identity) throw new MessengerError('signed_out', 'this device has no identity yet')
  return identity
}

/** Writes and only then lets `show` tell the view. */
export async function commit(core: Core, changes: Changes, show?: () => void): Promise<void> {
  await core.store.commit(changes)
  show?.()
}
