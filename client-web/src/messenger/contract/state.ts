import type { UserId } from './ids'

/**
 * What the whole app shows. `elsewhere`: another tab leads. `needs_identity`: logged in, but the
 * account's key is not on this device (restore a backup, or start with a new key). `unopened`: what is
 * on this device could not be read; nothing of it was changed (`openStorage`, or `eraseDevice`).
 */
export type Phase =
  | 'starting'
  | 'signed_out'
  | 'needs_identity'
  | 'locked'
  | 'elsewhere'
  | 'unopened'
  | 'ready'

export interface Account {
  readonly userId: UserId
  readonly username: string
  readonly deviceId: number
  readonly sessionId: string
  readonly identity: string
  readonly fingerprint: string
  /** `@username#FINGERPRINT`, to type or paste. */
  readonly code: string
  /** Content of my QR picture. */
  readonly qr: string
  readonly prekeysAvailable: number | null
  readonly signedPrekeyAt: number
  readonly lastBackupAt: number | null
}

export interface AppState {
  readonly phase: Phase
  readonly account: Account | null
  /** Account whose data is on this device though nobody is logged in (or it is locked). */
  readonly knownUsername: string | null
  /** Whose server this device talks to; null until one is chosen, where it can be chosen. */
  readonly relay: { readonly url: string | null; readonly choosable: boolean }
  readonly lock: Lock
  /** The account was just made here, and a lock has not been set or declined yet. */
  readonly offerLock: boolean
  /** Why it is `unopened`. `failed`: the browser did not open its database. `offline`: the engine was not fetched. */
  readonly trouble: 'damaged' | 'full' | 'offline' | 'failed' | null
  /** Why the last session ended by itself, until the next log-in. */
  readonly ended: SessionEnd | null
  /** False where the browser may throw our data away when space is short. */
  readonly storagePersisted: boolean | null
  /** True when a new version of the app waits to take over; see `applyUpdate`. */
  readonly updateReady: boolean
  /** Number of requests for parts of this version that the server no longer has. */
  readonly partsGone: number
  /** Messages that this device never got, until `dismissExpired`. */
  readonly expired: Expired | null
  /** Devices that joined the account, until `confirmDevice` or `removeDevice`. */
  readonly newDevices: readonly NewDevice[]
}

export interface Lock {
  /** A passphrase seals this device's storage key. */
  readonly enabled: boolean
  /** It is asked for now. */
  readonly locked: boolean
  /** A passkey opens it as well. */
  readonly passkey: boolean
}

export interface NewDevice {
  readonly deviceId: number
  /** The name that the device gave itself; null if it gave none. */
  readonly name: string | null
  /** When it logged in, ms. */
  readonly at: number
}

/** They outlived the relay's limit; from whom they were, nobody here can know. */
export interface Expired {
  readonly count: number
  /** When the relay last reported some, ms. */
  readonly at: number
}

export type SessionEnd =
  | 'replaced'
  | 'revoked'
  | 'token_expired'
  | 'token_reused'
  | 'device_inactive'
  | 'account_deleted'

export interface Connection {
  /** `rate_limited`: the relay asked us to wait until `retryAt`. `paused`: nobody is logged in. */
  readonly state: 'paused' | 'offline' | 'connecting' | 'catching_up' | 'online' | 'rate_limited'
  /** When the next attempt starts, while offline or rate-limited; ms of `elapsed` (platform/clock). */
  readonly retryAt: number | null
  /** Until when this account may not send, though connected; ms of `elapsed`. */
  readonly sendLimitedUntil: number | null
  /** The relay's wall clock minus `elapsed`, ms; null until the first connection. */
  readonly relayClock: number | null
  /** Messages that wait on this device to be sent. */
  readonly waiting: number
}

export interface LoginSession {
  readonly sessionId: string
  readonly deviceId: number
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly current: boolean
}

export interface Device {
  readonly deviceId: number
  readonly registrationId: number
  /** The name that the device gave itself; null if it gave none. */
  readonly name: string | null
  readonly current: boolean
}

/**
 * Where a new device is in being linked. `check`: the digits that the person types on the old device, which calls
 * itself `device`; `entering`: the account came.
 */
export type LinkStep =
  | { readonly step: 'code'; readonly code: string }
  | { readonly step: 'check'; readonly digits: string; readonly device: string | null }
  | { readonly step: 'entering' }

/** Long work that can be shown and, where `cancellable`, stopped with `cancel(task)`. */
export type Task = 'keys' | 'backup' | 'restore' | 'search_index' | 'sealing' | 'history'
export interface Progress {
  readonly task: Task
  readonly done: number
  /** 0 while not known yet. */
  readonly total: number
  readonly cancellable: boolean
}

export interface Settings {
  readonly readReceipts: boolean
  readonly typingIndicators: boolean
  readonly presence: boolean
  readonly enterSends: boolean
  readonly theme: 'system' | 'light' | 'dark'
  /** BCP 47 tag, or `system`. */
  readonly language: string
  /** Minutes without use until the app locks itself; 0: never. Only with a passphrase. */
  readonly autoLockMinutes: number
  readonly listWidth: number
  /** Notices of the system while one looks elsewhere; also needs the browser's permission. */
  readonly notifications: boolean
  /** Whether a notice says who wrote. What was written is never in it. */
  readonly notificationNames: boolean
  /** Asks the relay to sign that it took each message, and keeps that with the message. */
  readonly signedReceipts: boolean
}

/** A passphrase below this strength (`passphraseStrength`) is refused, however long it is. */
export const LEAST_STRENGTH = 2

export const defaultSettings: Settings = {
  readReceipts: true,
  typingIndicators: true,
  presence: true,
  enterSends: true,
  theme: 'system',
  language: 'system',
  autoLockMinutes: 0,
  listWidth: 360,
  notifications: false,
  notificationNames: true,
  signedReceipts: false,
}
