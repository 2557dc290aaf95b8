import { TurnChanges } from './serial'
import type { SealedEngine, SealedIdentity, SealedLocal } from '@/crypto/engine/engine'
import type { Elapsed } from '@/platform/clock'
import type { Store } from '@/storage/store'
import type { RelayApi } from '@/wire/api'
import type { RelaySocket } from '@/wire/socket'
import { MessengerError } from '@/messenger/contract'
import type { Settings } from '@/messenger/contract'
import { accounts } from './key-records'
import type { OpenedData } from './opened-data'
import type { AccountRecord } from './records'
import type { Serial } from './serial'
import { shownAccount } from './shown-account'
import { hiddenView } from './view'
import type { View } from './view'

export interface CoreParts {
  readonly engine: SealedEngine
  readonly view: View
  readonly api: RelayApi
  /** The wall clock: for what is stored and shown. */
  readonly now: () => number
  /** For waits. */
  readonly elapsed: Elapsed
  /** The name that this device gives itself, for the account's other devices; null: none. */
  readonly deviceName: string | null
  /**
   * Held by a job that reads what is on this device, decides, and writes it back. A job never asks
   * for another turn: it would wait for itself.
   */
  readonly serial: Serial
}

/** State and tools that all services of an open messenger share. */
export class Core implements CoreParts {
  readonly engine: SealedEngine
  readonly api: RelayApi
  readonly now: () => number
  readonly elapsed: Elapsed
  readonly deviceName: string | null
  readonly serial: Serial
  /** Shows nothing after `hide`. */
  view: View
  /** The open connection, or null. */
  socket: RelaySocket | null = null
  /** The relay's log, as named when this connection was opened; null from an older relay. */
  log: string | null = null

  constructor(
    private readonly data: OpenedData,
    parts: CoreParts,
  ) {
    this.engine = parts.engine
    this.view = parts.view
    this.api = parts.api
    this.now = parts.now
    this.elapsed = parts.elapsed
    this.deviceName = parts.deviceName
    this.serial = parts.serial
  }

  get store(): Store {
    return this.data.store
  }

  get settings(): Settings {
    return this.data.settings
  }

  /** @throws MessengerError `signed_out` */
  get account(): AccountRecord {
    if (!this.data.account) throw new MessengerError('signed_out')
    return this.data.account
  }

  set account(account: AccountRecord) {
    this.data.account = account
    this.view.app({ account: shownAccount(account) })
  }

  /** The account is on no screen any more: work that is still under way changes the view no more. */
  hide(): void {
    this.view = hiddenView
  }
}

export function localIdentity(core: Core): SealedIdentity {
  const { identity } = core.account
  if (!identity) throw new MessengerError('signed_out', 'this device has no identity yet')
  return identity
}

/** This device in an exchange of messages. */
export function localDevice(core: Core): SealedLocal {
  const { userId, deviceId } = core.account
  return { ...localIdentity(core), address: { userId, deviceId } }
}

/** In its turn, so that two changes of the account never undo each other. */
export function updateAccount(core: Core, patch: Partial<AccountRecord>): Promise<void> {
  return core.serial.run((turn) => commitAccount(core, patch, new TurnChanges(turn)))
}

/** The account together with `changes`. */
export async function commitAccount(
  core: Core,
  patch: Partial<AccountRecord>,
  changes: TurnChanges,
): Promise<void> {
  const account = { ...core.account, ...patch }
  changes.write(accounts, 'account', account).whenStored(() => {
    core.account = account
  })
  await core.store.commit(changes)
}
