import type { FileCommands } from './file-commands'
import type { MarkingCommands } from './marking-commands'
import type { Message, MessageId, SearchHit } from './messages'
import type { ConversationId, UserId } from './ids'
import type { SafetyNumber } from './people'
import type { Device, LinkStep, LoginSession, Settings, Task } from './state'

/**
 * Everything the views may ask. Each promise settles when the change is stored on this device (and
 * in the stores), or throws a `MessengerError`. Sending resolves once the message is in the
 * outbox on disk: its way to the relay shows in `Message.status`.
 */
export interface Messenger
  extends
    AccountCommands,
    ChatCommands,
    FileCommands,
    MarkingCommands,
    PeopleCommands,
    TrustCommands,
    SafekeepingCommands,
    LinkingCommands,
    LockCommands,
    AppCommands {}

export interface AccountCommands {
  /** `invalid`, `username_taken`, `rate_limited`, `offline`, `unavailable`. */
  register(username: string, password: string): Promise<void>
  /**
   * Afterwards the phase is `ready`, or `needs_identity` when the account's key is elsewhere.
   * `bad_credentials`, `rate_limited`, `offline`, `unavailable`; `invalid` (field `username`) when
   * another account's data is on this device: `eraseDevice` first.
   */
  login(username: string, password: string): Promise<void>
  /** From `needs_identity`: a new key; contacts will be warned, other devices are closed. */
  startWithNewIdentity(): Promise<void>
  /** Ends the session and erases everything on this device. */
  logout(): Promise<void>
  /** Erases everything on this device without asking the relay (forgotten passphrase). */
  eraseDevice(): Promise<void>
  /** `bad_credentials`, `invalid`. Every other session ends. */
  changePassword(current: string, next: string): Promise<void>
  /** `bad_credentials`. The account, its name and this device's data are gone. */
  deleteAccount(password: string): Promise<void>
  listSessions(): Promise<readonly LoginSession[]>
  endSession(sessionId: string): Promise<void>
  listDevices(): Promise<readonly Device[]>
  removeDevice(deviceId: number): Promise<void>
  /** The new device is the person's own. */
  confirmDevice(deviceId: number): Promise<void>
}

export interface ChatCommands {
  /** Loads the newest page into the messages store and marks what is on screen as open. */
  openConversation(id: ConversationId): Promise<void>
  closeConversation(): Promise<void>
  /** Loads an older page; false when there is none. */
  loadOlder(id: ConversationId): Promise<boolean>
  /** Loads everything back to the message into the store (search hit, reply, date); false if unknown. */
  loadUntil(id: ConversationId, message: MessageId): Promise<boolean>
  /** `too_long`, `invalid` (nothing visible), `unsendable_text`, `blocked`, `not_found`. Resolves with the stored message. */
  sendText(id: ConversationId, text: string): Promise<Message>
  reply(id: ConversationId, text: string, replyTo: MessageId): Promise<Message>
  /** Of a message that was set aside. `gone`: it is not. */
  sendAgain(message: MessageId): Promise<void>
  /** Hands the message's signed receipts to the person as a file. `not_found`: it has none. */
  saveReceipts(message: MessageId): Promise<void>
  /**
   * Gives an own message another text, for everyone; the earlier ones can be seen. As `sendText`; `too_late`: it is older
   * than `EDITABLE_FOR`. `gone`: it is not an own message of text.
   */
  edit(message: MessageId, text: string): Promise<void>
  /** Erases own messages everywhere; a trace of each stays. `too_late`: older than `DELETABLE_FOR`. `gone`, `blocked`. */
  deleteForAll(messages: readonly MessageId[]): Promise<void>
  /** Puts an emoji to a message, in place of one's earlier one; null takes it back. `gone`, `blocked`, `invalid`. */
  react(message: MessageId, emoji: string | null): Promise<void>
  deleteForMe(conversation: ConversationId, messages: readonly MessageId[]): Promise<void>
  /** Takes the whole conversation off this device; the contact stays. */
  deleteConversation(id: ConversationId): Promise<void>
  /** Everything received in it counts as seen; sends read receipts where allowed. */
  markRead(id: ConversationId): Promise<void>
  /** Counts as unread until it is looked at. */
  markUnread(id: ConversationId): Promise<void>
  /** `until`: ms; absent: for good. */
  setMuted(id: ConversationId, muted: boolean, until?: number): Promise<void>
  /**
   * Messages written from now on disappear after so many seconds, for both; 0: they stay. `fallback`: what versions that
   * do not know it show. `invalid` (out of `SHORTEST_TIMER` to `LONGEST_TIMER`), `blocked`, `not_found`.
   */
  setTimer(id: ConversationId, seconds: number, fallback: string): Promise<void>
  /** Stands above all others, in the order of their times. */
  setPinned(id: ConversationId, pinned: boolean): Promise<void>
  setArchived(id: ConversationId, archived: boolean): Promise<void>
  /** Kept sealed; the empty string removes it. */
  saveDraft(id: ConversationId, text: string): Promise<void>
  /** The conversations whose rows are in sight: with the open one, all whose presence is asked for. */
  setInSight(ids: readonly ConversationId[]): void
  /** Tells the other side, at most every few seconds, where allowed. Never throws. */
  setTyping(id: ConversationId, active: boolean): void
  /**
   * Newest first, at most `limit` (default 100). The first search reads the whole history; `part`
   * gets what was found in the newest part at once, and again as more is read.
   */
  search(
    text: string,
    limit?: number,
    part?: (hits: readonly SearchHit[]) => void,
  ): Promise<readonly SearchHit[]>
  /** All messages of one conversation that hold the text, newest first; `part` as for `search`. */
  searchIn(
    id: ConversationId,
    text: string,
    part?: (found: readonly MessageId[]) => void,
  ): Promise<readonly MessageId[]>
  /** The conversation's first message shown under the time `at` (ms) or a later one, notices aside; null: none. */
  firstMessageSince(id: ConversationId, at: number): Promise<Message | null>
}

export interface PeopleCommands {
  /**
   * By a contact code or the content of a picture of one, alone or between other words: adds an
   * unverified contact; of someone who is none yet, an earlier key is replaced. `bad_code`,
   * `own_code`, `not_found`, `identity_changed` (the code is old: details.fingerprint is the
   * server's), `key_mismatch`, `name_mismatch` (the server answers with another key or name than
   * was asked for), `rate_limited`, `offline`, `unavailable`.
   */
  addContactByCode(code: string): Promise<UserId>
  /** As above and verified, for what the camera saw in person; a scanned key replaces a contact's, too. */
  addContactByQr(content: string): Promise<UserId>
  /** As above; `request_outdated`: they have a new key since, and can be added by its code. */
  acceptRequest(id: UserId): Promise<void>
  declineRequest(id: UserId): Promise<void>
  /** What the person calls them; null: nothing else. `invalid`, `too_long`, `unsendable_text`. */
  setNickname(id: UserId, nickname: string | null): Promise<void>
  /** The conversation with oneself, made if there is none. */
  openNotes(): Promise<ConversationId>
  block(id: UserId): Promise<void>
  unblock(id: UserId): Promise<void>
  /** Whether this device and the contact's see each other online, where the setting for all allows it. */
  setPresence(id: UserId, on: boolean): Promise<void>
  /** The contact, its conversation and its sessions leave this device; only counters stay. */
  removeContact(id: UserId): Promise<void>
}

/**
 * What the person decides about keys. `shown` is the identity that was on screen, as text: where
 * another one is in question by now, nothing is decided (`key_outdated`).
 */
export interface TrustCommands {
  /** After a key change: pins the new key as unverified and lets waiting messages go. */
  acceptNewKey(id: UserId, shown: string): Promise<void>
  /** The new key is not theirs: it is forgotten, and messages go to the pinned key again. */
  keepOldKey(id: UserId): Promise<void>
  /** The person compared the safety number of this key: it is pinned, if it is new, and verified. */
  markVerified(id: UserId, shown: string): Promise<void>
  clearVerified(id: UserId): Promise<void>
  /** Of the pinned key; with `changed`, of the new one, so that it can be compared first. */
  safetyNumber(id: UserId): Promise<SafetyNumber>
  /** As `markVerified` when the safety-number QR that the camera saw is the same; else `key_mismatch`. */
  compareSafetyQr(id: UserId, content: string): Promise<void>
}

export interface SafekeepingCommands {
  /** An encrypted file; `weak_passphrase` below `LEAST_STRENGTH`, `cancelled`. */
  createBackup(passphrase: string): Promise<{ readonly name: string; readonly file: Blob }>
  /** Hands a file to the person: a download, or on a phone whatever app they choose. */
  saveFile(name: string, file: Blob): Promise<void>
  /**
   * From `needs_identity`: takes the identity of the file, contacts and history. From `ready`:
   * merges history of the same identity. Nothing changes unless the whole file is good:
   * `backup_wrong_password`, `backup_damaged`, `backup_too_weak`, `backup_too_new`,
   * `backup_other_account`, `cancelled`.
   */
  restoreBackup(file: Blob, passphrase: string): Promise<void>
  /** Six words or so, enough to resist guessing offline. */
  suggestPassphrase(): Promise<string>
  /** 0 (guessed at once) to 4 (out of reach offline). */
  passphraseStrength(passphrase: string): Promise<0 | 1 | 2 | 3 | 4>
}

/** Linking a new device of the account by a code that it shows and an old one scans. */
export interface LinkingCommands {
  /**
   * On the new device, while nobody is logged in. `show` gets each step. Resolves when this device is in; history
   * comes afterwards (`Task` `history`). `link_expired`, `link_broken`, `cancelled`, `rate_limited`, `offline`, …
   */
  linkThisDevice(show: (step: LinkStep) => void, signal: AbortSignal): Promise<void>
  /**
   * On an old device: answers the code. Resolves with what the new device calls itself. `bad_link_code`, `link_elsewhere`,
   * `link_expired`, `link_broken` (somebody else answered the code), …
   */
  joinLink(code: string): Promise<{ readonly device: string | null }>
  /**
   * The digits that the new device shows; only then the account is sent to it. `wrong_digits`: nothing was sent, the
   * link is over. `bad_credentials`: once more.
   */
  confirmLink(digits: string, password: string): Promise<void>
  /** Whatever was begun by `joinLink` is over. */
  leaveLink(): void
}

/** The lock of this device: a passphrase, and beside it a passkey. */
export interface LockCommands {
  /**
   * Seals everything on this device anew under a key that only this passphrase opens; a passkey has
   * to be added again. Null takes the lock away. `wrong_passphrase` if `current` is wrong, `weak_passphrase`.
   */
  setPassphrase(next: string | null, current?: string): Promise<void>
  /** No lock for now (`AppState.offerLock`). */
  declineLock(): Promise<void>
  /** Whether this browser can open the lock with a passkey (fingerprint, face, PIN, security key). */
  passkeySupported(): Promise<boolean>
  /** `wrong_passphrase`, `cancelled`, `passkey_unsupported` (by the device that was chosen). */
  addPasskey(passphrase: string): Promise<void>
  /** Everything is sealed anew under the passphrase alone. `wrong_passphrase`. */
  removePasskey(passphrase: string): Promise<void>
  /** Wipes keys and messages from memory. */
  lock(): Promise<void>
  /** `wrong_passphrase` */
  unlock(passphrase: string): Promise<void>
  /** `cancelled`, `wrong_passkey`, `passkey_unsupported` */
  unlockWithPasskey(): Promise<void>
}

export interface AppCommands {
  /** Makes this tab the leading one; the other then shows `elsewhere`. */
  takeOver(): Promise<void>
  /** From `unopened`: tries again; the phase says what came of it. */
  openStorage(): Promise<void>
  setSetting<K extends keyof Settings>(key: K, value: Settings[K]): Promise<void>
  /** Tries to connect now instead of at `Connection.retryAt`. */
  reconnect(): void
  /**
   * Takes another relay, once it has answered; only while nobody is logged in, and where `AppState.relay` says that
   * one can be chosen. Fails with `bad_address`, or `not_a_relay`.
   */
  chooseRelay(address: string): Promise<void>
  /** Reloads into the version that waits (`AppState.updateReady`). */
  applyUpdate(): Promise<void>
  cancel(task: Task): void
  /** The person has taken note of the messages that expired unread. */
  dismissExpired(): Promise<void>
}
