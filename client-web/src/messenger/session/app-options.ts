import { fetched } from '@/platform/late-parts'
import type { RemoteEngine } from '@/crypto/engine/remote'
import type { View } from '@/messenger/core/view'
import type { Platform } from '@/platform/platform'
import type { Wire } from '@/wire/wire'

export type AccountParts = typeof import('./account-parts')

export interface AppOptions {
  platform: Platform
  view: View
  now?: () => number
  startEngine?: () => RemoteEngine
  database?: string
  /** Another way to what `account-parts.ts` holds. */
  accountParts?: () => Promise<AccountParts>
  /** Another way to the relay than the platform's address. */
  wire?: Wire
}

/** @throws PartMissing */
export const accountParts = ({
  accountParts: load = () => import('./account-parts'),
}: AppOptions): Promise<AccountParts> => fetched(load())
