import type { Sealer } from '@/storage/sealer'
import type { Store } from '@/storage/store'
import type { SessionTokens } from '@/wire/types'
import type { Settings } from '@/messenger/contract'
import type { AccountRecord } from './records'

/** This device's data, unlocked. Account, tokens and settings are in memory here and nowhere else. */
export interface OpenedData {
  readonly store: Store
  readonly sealer: Sealer
  account: AccountRecord | null
  tokens: SessionTokens | null
  settings: Settings
}
