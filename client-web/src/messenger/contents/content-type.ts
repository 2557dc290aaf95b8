/**
 * A type of content, in one folder: how it is read, what it changes here, what
 * a conversation shows of it, and the rules it follows. `registry.ts` lists the types.
 */
import type { MessageKind } from '@/messenger/contract'
import type { Fields } from './checks'
import type { FilePointer } from './text/pointer'
import type { OwnDeviceEffects, PersonEffects, EphemeralEffects } from './effects'

export interface Sender {
  user_id: string
  device_id: number
  username: string
  /** Identity key as text. */
  identity: string
  /** The device has KEM prekeys. */
  pq?: 1
}

/** What every content has. */
export interface Common {
  v: 1
  id: string
  from: Sender
  to: string
  /** Counts up from 1 per sending device and recipient. */
  n: number
  /** Counts up like `n`, but for messages alone; older clients leave it out. */
  m?: number
  sent_at: number
  /** The id of an envelope that its recipient asked for again: this is its content. */
  again?: string
}

export interface Typed {
  type: string
}

export interface Received<B extends Typed> {
  readonly content: Common & B
  /** The sending device. */
  readonly device: number
  /** When the relay took it, ms. */
  readonly at: number
}

export interface ContentType<B extends Typed> {
  readonly types: readonly B['type'][]
  /**
   * Null: of a newer version, for this build like a type that it does not know.
   * @throws ContentError
   */
  read(fields: Fields): B | null
  /** What stands in the conversation; null for what is no message. */
  readonly message: MessageRule<B> | null
  /** `copied`: one's own other devices get a copy of what this device sends. */
  readonly sync: 'copied' | 'not_copied'
  /** Whose clock dates it, also where it is sent again: the writer's as it stands, or the relay's where the two differ. */
  readonly clock: 'writer' | 'relay'
  /** Its number repeats the one before; it is pushed to devices that are online and never stored. */
  readonly ephemeral?: true
  /** The id of the message of which it repeats something, and with which it goes. */
  subject?(body: B): string
  /** False: nobody needs it again who could not read it. */
  readonly sentAgain?: false
  fromPerson?(effects: PersonEffects, received: Received<B>): Promise<void> | void
  fromOwnDevice?(effects: OwnDeviceEffects, received: Received<B>): Promise<void> | void
  /** Of one that came as an ephemeral. */
  fromEphemeral?(effects: EphemeralEffects, body: B): void
}

/** What is kept of an own message. */
export interface KeptMessage {
  readonly text: string
  readonly replyTo: { readonly id: string } | null
  readonly files?: readonly FilePointer[]
  readonly expiry?: { readonly seconds: number }
}

export interface MessageRule<B extends Typed> {
  /** Names the bubble: `components/contents/registry.ts`. */
  readonly kind: MessageKind
  /** What stands for it in the list, in quotes and in the search. */
  preview(body: B): string
  /** The id of the message that it answers. */
  answers?(body: B): string | undefined
  /** Files that it brings. */
  files?(body: B): readonly FilePointer[] | undefined
  /** After how many seconds it disappears. */
  expires?(body: B): number | undefined
  /** The content as it was sent, of an own message in the history. */
  written?(message: KeptMessage): B | null
  /** A received one counts as unread, and a notification tells of it. */
  readonly notifies: boolean
  /** Stands in backups. */
  readonly backedUp: boolean
}
