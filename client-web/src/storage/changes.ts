/** What is to be written together: collected here, sealed and committed by `store.ts`. */
import type { Key, SealedTable } from './schema'
import type { Stored, StoredMessages } from './stored'

/** A record of a conversation's flow; `order` ascends within the conversation. */
export interface MessageRow {
  id: string
  conversation: string
  order: number
}

export type Write =
  | { table: SealedTable; key: Key<SealedTable>; value: unknown; version?: number }
  | { table: 'messages'; key: [string, number]; id: string; value: unknown; version?: number }
export type Removal =
  | { table: SealedTable; key: Key<SealedTable> }
  | { table: 'messages'; key: [string, number] }
  | { table: 'messages'; conversation: string }
  | { table: SealedTable; everything: true }

/** Of these a version after the first was written: `write` notes which. */
export type VersionedTable = 'conversations' | 'sessions' | 'prekeys' | 'signed_prekeys'

/** Changes to be made together. */
export class Changes {
  readonly writes: Write[] = []
  readonly removals: Removal[] = []
  private readonly followUps: (() => void)[] = []

  /** `fn` runs once the changes are on disk, in the order of calls, and never if they are not. */
  whenStored(fn: () => void): this {
    this.followUps.push(fn)
    return this
  }
  /** For the store, after the commit. Each runs once. */
  runFollowUps(): void {
    for (const fn of this.followUps.splice(0)) fn()
  }

  /** Of a kind that has one version. */
  put<T extends Exclude<SealedTable, VersionedTable>>(table: T, key: Key<T>, value: unknown): this {
    this.writes.push({ table, key, value })
    return this
  }
  /** In the newest version of the kind. */
  write<T>({ table, versions }: Stored<T>, key: Key<SealedTable>, value: T): this {
    this.writes.push({ table, key, value, version: versions.length })
    return this
  }
  /** In the newest version of the kind. */
  writeMessage<T extends MessageRow>({ versions }: StoredMessages<T>, row: T): this {
    const { id, conversation, order } = row
    const place = { table: 'messages' as const, key: [conversation, order] as [string, number] }
    this.writes.push({ ...place, id, value: row, version: versions.length })
    return this
  }
  remove<T extends SealedTable>(table: T, key: Key<T>): this {
    this.removals.push({ table, key })
    return this
  }
  removeMessage(conversation: string, order: number): this {
    this.removals.push({ table: 'messages', key: [conversation, order] })
    return this
  }
  removeConversation(conversation: string): this {
    this.removals.push({ table: 'messages', conversation })
    return this
  }
  removeAll(table: SealedTable): this {
    this.removals.push({ table, everything: true })
    return this
  }
  get empty(): boolean {
    return this.writes.length === 0 && this.removals.length === 0
  }
}
