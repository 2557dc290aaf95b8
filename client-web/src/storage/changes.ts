/** What is to be written together: collected here, sealed and committed by `store.ts`. */
import type { Key, SealedTable } from './schema'

/** A record of a conversation's flow; `order` ascends within the conversation. */
export interface MessageRow {
  id: string
  conversation: string
  order: number
}

export type Write =
  | { table: SealedTable; key: Key<SealedTable>; value: unknown }
  | { table: 'messages'; key: [string, number]; id: string; value: unknown }
export type Removal =
  | { table: SealedTable; key: Key<SealedTable> }
  | { table: 'messages'; key: [string, number] }
  | { table: 'messages'; conversation: string }
  | { table: SealedTable; everything: true }

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

  put<T extends SealedTable>(table: T, key: Key<T>, value: unknown): this {
    this.writes.push({ table, key, value })
    return this
  }
  putMessage(row: MessageRow): this {
    this.writes.push({
      table: 'messages',
      key: [row.conversation, row.order],
      id: row.id,
      value: row,
    })
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
