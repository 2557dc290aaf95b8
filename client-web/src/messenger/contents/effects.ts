/**
 * The changes a content can make on this device. The rooms above carry them out; a handler names them, and
 * their order. Everything lands in the transaction of the envelope.
 */
import type { FilePointer } from './text/pointer'
import type { About } from './about'

/** A message as a content brings it. */
export interface NewMessage {
  readonly preview: string
  readonly answers?: string | undefined
}

/** A message, as the wire names it. */
export interface Named {
  readonly user_id: string
  readonly id: string
}

/** What both a person and one's own devices may ask, as sessions get lost between any two devices. */
export interface AnsweringEffects {
  /** Sends again what was sent to the asking device in these envelopes. `device`: whom it asks; absent: anyone. */
  sendAgain(envelopes: readonly string[], device: number | undefined): Promise<void>
  /** What these envelopes carried is gone; those of `notSent` never came from the asked device. */
  cannotSendAgain(gone: readonly string[], notSent: readonly string[]): Promise<void>
}

export interface PersonEffects extends AnsweringEffects {
  /** Adds what the content's `message` rule says to the conversation with the sender. */
  addMessage(): Promise<void>
  /** Keeps it in the conversation; nothing shows it, and nobody is told of it. */
  keepUnshown(): Promise<void>
  /** A message of theirs gets another text. */
  edit(target: string, text: string): Promise<void>
  /** Messages of theirs are erased; a trace stays. */
  deleteForAll(targets: readonly string[]): Promise<void>
  /** They put an emoji to a message of either side, or take it back. */
  react(target: Named, emoji: string | null): Promise<void>
  /** They changed for how long messages of the conversation stay. */
  setTimer(seconds: number): void
  /** Own messages with these ids reached this status. */
  confirm(status: 'delivered' | 'read', ids: readonly string[]): Promise<void>
}

export interface OwnDeviceEffects extends AnsweringEffects {
  /** Adds what this account wrote on another device to the conversation with `about`. */
  addCopy(about: About): Promise<void>
  /** As for a person, about what oneself wrote to `about`. */
  edit(about: About, target: string, text: string): Promise<void>
  deleteForAll(about: About, targets: readonly string[]): Promise<void>
  react(about: About, target: Named, emoji: string | null): Promise<void>
  setTimer(about: About, seconds: number): void
  /** As for a person; of no conversation without `about`. */
  keepUnshown(about: About | undefined): Promise<void>
  /** Null where nothing may change: about oneself, nobody known, or older than what is known. */
  changing(): Promise<SharedChanges | null>
}

/** Changes that one's own devices share, of the person that the content names. */
export interface SharedChanges {
  read(ids: readonly string[]): Promise<void>
  readUpto(newest: string): Promise<void>
  relation(relation: 'contact' | 'declined' | 'removed'): Promise<void>
  verified(verified: boolean): Promise<void>
  blocked(blocked: boolean): void
  /** `until`: ms; null: for good. */
  muted(muted: boolean, until: number | null): void
  archived(archived: boolean): void
  pinned(pinned: boolean): void
  nickname(nickname: string | null): void
  setting(name: string, value: string | number | boolean): void
  /** `mine`: of each whether oneself wrote it; absent, whoever did. */
  deleted(ids: readonly string[], mine?: readonly boolean[]): Promise<void>
  deletedUpto(newest: string | null): Promise<void>
  /** `mine`: of each whether oneself wrote it. */
  marked(
    mark: 'starred' | 'pinned',
    ids: readonly string[],
    mine: readonly boolean[],
    on: boolean,
  ): void
  /** `files`: the rest of the history that the device of this number was linked with. */
  history(device: number, files: readonly FilePointer[]): void
}

export interface EphemeralEffects {
  typing(active: boolean): void
}
