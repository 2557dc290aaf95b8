/** Stars and pins of messages, the same on all own devices: of two changes of one mark the later counts, in any order. */
import { CachedTable } from '@/messenger/core/cached-table'
import type { Core } from '@/messenger/core/core'
import { MARKED, markRecords } from '@/messenger/core/mark-record'
import type { Mark, MarkRecord, MarkState } from '@/messenger/core/mark-record'
import { refKey } from '@/messenger/core/message-record'
import type { MessageRef } from '@/messenger/core/message-record'
import type { TurnChanges } from '@/messenger/core/serial'
import type { ConversationId, MessageId } from '@/messenger/contract'
import { isLater } from './latest-change'

/** With what a change says, if it is later than what is known. */
export function marked(before: MarkRecord, mark: Mark, state: MarkState): MarkRecord {
  const known = before[mark]
  const later = isLater([state.at, state.device], known && [known.at, known.device])
  return later ? { ...before, [mark]: state } : before
}

/** Of one message, known in two places. */
export function mergedMarks(one: MarkRecord, { starred, pinned }: MarkRecord): MarkRecord {
  const withStar = starred ? marked(one, 'starred', starred) : one
  return pinned ? marked(withStar, 'pinned', pinned) : withStar
}

export class Marks {
  private readonly records = new CachedTable<string, MarkRecord>(markRecords, MARKED)

  constructor(private readonly core: Core) {}

  async load(): Promise<void> {
    await this.records.loadSpare(this.core.store, refKey)
    this.show()
  }

  get(ref: MessageRef, within?: TurnChanges): MarkRecord | undefined {
    return this.records.get(refKey(ref), within)
  }

  /** Of the conversation, or of all; the newest mark first. */
  having(mark: Mark, conversation?: ConversationId): MarkRecord[] {
    const [at, device] = [
      (one: MarkRecord) => one[mark]?.at ?? 0,
      (one: MarkRecord) => one[mark]?.device ?? 0,
    ]
    return [...this.records.all.values()]
      .filter((one) => one[mark]?.on && (!conversation || one.conversation === conversation))
      .toSorted((a, b) => at(b) - at(a) || device(b) - device(a))
  }

  /** Nothing changes where a later change is known. */
  stage(
    changes: TurnChanges,
    conversation: ConversationId,
    { sender, id }: MessageRef,
    mark: Mark,
    state: MarkState,
  ): void {
    const before = this.get({ sender, id }, changes) ?? { sender, id, conversation }
    const after = marked(before, mark, state)
    if (after === before) return
    this.records.stage(changes, refKey(before), after)
    changes.whenStored(() => this.show())
  }

  stageGone(changes: TurnChanges, messages: readonly MessageRef[]): void {
    const there = messages.filter((one) => this.get(one, changes))
    for (const one of there) this.records.stageRemoval(changes, refKey(one))
    if (there.length > 0) changes.whenStored(() => this.show())
  }

  stageConversationGone(changes: TurnChanges, id: ConversationId): void {
    const all = [...this.records.all.values()]
    this.stageGone(
      changes,
      all.filter(({ conversation }) => conversation === id),
    )
  }

  private show(): void {
    const pinned = new Map<ConversationId, MessageId[]>()
    for (const one of this.having('pinned')) {
      pinned.set(one.conversation, [...(pinned.get(one.conversation) ?? []), refKey(one)])
    }
    this.core.view.marks({ starred: new Set(this.having('starred').map(refKey)), pinned })
  }
}
