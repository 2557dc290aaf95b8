import type { RemoteEngine } from '@/crypto/remote'
import type { View } from '@/messenger/core/view'
import type { Platform } from '@/platform/platform'
import type { Wire } from '@/wire/wire'

export interface AppOptions {
  platform: Platform
  view: View
  now?: () => number
  startEngine?: () => RemoteEngine
  database?: string
  /** Another way to the relay than the platform's address. */
  wire?: Wire
}
