/**
 * What was removed on this device while history is on its way to it: none of that comes back with the history. Nothing
 * is kept once all of the history is here.
 */
import { CachedTable } from '@/messenger/core/cached-table'
import type { ConversationId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import { removedHistory } from '@/messenger/core/history-marks'
import { WANTED } from '@/messenger/core/record-names'
import type { RemovedHistoryRecord, RemovedUpto } from '@/messenger/core/history-marks'
import { refKey } from '@/messenger/core/message-record'
import type { MessageRef } from '@/messenger/core/message-record'
import type { TurnChanges } from '@/messenger/core/serial'

const PREFIX = 'history_removed/'

/** Later than every message. */
export const ALL_TIME = Number.MAX_SAFE_INTEGER

/** A message by its id alone: whoever wrote it. */
export const anybodys = (id: string): string => `*.${id}`

export class RemovedHistory {
  private readonly records = new CachedTable<ConversationId, RemovedHistoryRecord>(
    removedHistory,
    PREFIX,
  )
  private comes = false

  constructor(private readonly core: Core) {}

  async load(): Promise<void> {
    const { store } = this.core
    this.comes = (await store.keys('records')).includes(WANTED)
    await this.records.loadSpare(store, ({ conversation }) => conversation)
  }

  get isOnTheWay(): boolean {
    return this.comes
  }

  stageMessages(changes: TurnChanges, id: ConversationId, refs: readonly MessageRef[]): void {
    this.add(changes, id, { messages: refs.map(refKey) })
  }

  /** As another device names them; `mine`: of each whether oneself wrote it; absent, whoever did. */
  stageNamed(
    changes: TurnChanges,
    id: ConversationId,
    ids: readonly string[],
    mine?: readonly boolean[],
  ): void {
    const keyOf = (one: string, i: number): string =>
      mine?.[i] ? refKey({ sender: null, id: one }) : anybodys(one)
    this.add(changes, id, { messages: ids.map(keyOf) })
  }

  stageAll(changes: TurnChanges, id: ConversationId): void {
    this.stageUpto(changes, id, { id: null, order: null, at: ALL_TIME })
  }

  stageUpto(changes: TurnChanges, id: ConversationId, upto: RemovedUpto): void {
    this.add(changes, id, { upto: [upto] })
  }

  of(id: ConversationId, within: TurnChanges): RemovedHistoryRecord | undefined {
    return this.records.get(id, within)
  }

  stage(changes: TurnChanges, record: RemovedHistoryRecord): void {
    this.records.stage(changes, record.conversation, record)
  }

  /** All of it is here. */
  stageEnd(changes: TurnChanges): void {
    for (const id of this.records.all.keys()) this.records.stageRemoval(changes, id)
    changes.whenStored(() => (this.comes = false))
  }

  private add(
    changes: TurnChanges,
    conversation: ConversationId,
    { messages = [], upto = [] }: Partial<RemovedHistoryRecord>,
  ): void {
    if (!this.comes) return
    const before = this.records.get(conversation, changes)
    this.records.stage(changes, conversation, {
      conversation,
      messages: [...new Set([...(before?.messages ?? []), ...messages])],
      upto: [...(before?.upto ?? []), ...upto],
    })
  }
}
