/**
 * What is said about messages: other texts, deletions for everyone, reactions. What is said about a message that is not
 * here yet waits for it. Only the author of a message edits or deletes it: a message is found under who says it.
 */
import { CachedTable } from '@/messenger/core/cached-table'
import type { Core } from '@/messenger/core/core'
import { pendingChanges } from '@/messenger/core/content-records'
import type { PendingRecord } from '@/messenger/core/content-records'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import { advanced } from '@/messenger/core/message-status'
import type { Step } from '@/messenger/core/message-status'
import { findMessage } from '@/messenger/core/kept-messages'
import { isHere, refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { TurnChanges } from '@/messenger/core/serial'
import { deleted, edited, reacted } from './amending'
import type { Chats } from './chats'
import { withoutQuotes } from './quotes'
import type { RemovedHistory } from './removed-history'

const PREFIX = 'pending/'
/** That wait for their messages, per conversation and in all; the oldest go. */
const MOST = 100
const MOST_IN_ALL = 1_000

export class Amendments {
  private readonly pending = new CachedTable<string, PendingRecord>(pendingChanges, PREFIX)
  /** Called with a message whose text changed, after the commit. */
  changed: (message: MessageRecord) => void = () => undefined

  /** Called with a message that is deleted for everyone, before the commit. */
  gone: (changes: TurnChanges, message: MessageRecord) => void = () => undefined

  constructor(
    private readonly core: Core,
    private readonly chats: Chats,
    private readonly history: Pick<RemovedHistory, 'isOnTheWay'>,
  ) {}

  load(): Promise<void> {
    return this.pending.loadSpare(this.core.store, keyOf)
  }

  /** Changes the message, or keeps the change until the message comes. */
  async stage(changes: TurnChanges, change: PendingRecord): Promise<void> {
    const message = await findMessage(this.core.store, { sender: change.author, id: change.id })
    if (!message || !isHere(message)) return this.stagePending(changes, change)
    if (message.conversation !== change.conversation) return
    const amended = amendedBy(message, change)
    if (!amended) return
    this.chats.stageChanged(changes, amended)
    if (amended.kind === 'deleted') {
      this.gone(changes, message)
      await this.stageQuotesGone(changes, amended)
    }
    if (amended.text !== message.text) changes.whenStored(() => this.changed(amended))
  }

  /** Own messages to this person reached `status`. While history is on its way, it may bring them in an earlier one. */
  async stageStatus(
    changes: TurnChanges,
    userId: UserId,
    ids: readonly string[],
    status: Step,
    at: number,
  ): Promise<void> {
    await this.chats.stageStatus(changes, userId, ids, status, at)
    if (!this.history.isOnTheWay) return
    for (const id of ids) {
      if (await findMessage(this.core.store, { sender: null, id })) continue
      const said = { device: 0, n: 0, at }
      const about = { author: null, id, conversation: conversationWith(userId), by: userId }
      this.stagePending(changes, { ...about, what: 'status', value: status, said })
    }
  }

  /** A message that comes now, with all that was said about it before. */
  stageArrived(changes: TurnChanges, message: MessageRecord): MessageRecord {
    let current = message
    const waiting = [...this.pending.all.values()].filter(
      ({ author, id }) => author === message.sender && id === message.id,
    )
    for (const change of waiting) {
      this.stageRemoval(changes, change)
      if (change.conversation === message.conversation) {
        current = amendedBy(current, change) ?? current
      }
    }
    return current
  }

  private stageRemoval(changes: TurnChanges, change: PendingRecord): void {
    this.pending.stageRemoval(changes, keyOf(change))
    changes.remove('records', PREFIX + earlierKeyOf(change))
  }

  private stagePending(changes: TurnChanges, change: PendingRecord): void {
    const all = [...this.pending.all.values()]
    const here = all.filter(({ conversation }) => conversation === change.conversation)
    for (const one of [...surplus(here, MOST), ...surplus(all, MOST_IN_ALL)]) {
      this.stageRemoval(changes, one)
    }
    this.pending.stage(changes, keyOf(change), change)
  }

  /** Quotes of a deleted message show nothing of it either. */
  private async stageQuotesGone(changes: TurnChanges, gone: MessageRecord): Promise<void> {
    const { conversation, order } = gone
    const quoted = new Set([refKey(gone)])
    for await (const page of withoutQuotes(this.core.store, conversation, quoted, order)) {
      for (const one of page) this.chats.stageChanged(changes, one)
    }
  }
}

/** The oldest of those that leave no room for one more. */
const surplus = (all: readonly PendingRecord[], most: number): PendingRecord[] =>
  all.toSorted((a, b) => a.said.at - b.said.at).slice(0, Math.max(0, all.length - most + 1))

function amendedBy(message: MessageRecord, change: PendingRecord): MessageRecord | null {
  const { what, by, value, said } = change
  switch (what) {
    case 'edit':
      return edited(message, value ?? '', said)
    case 'delete':
      return deleted(message, said)
    case 'reaction':
      return reacted(message, by, value, said)
    case 'status': {
      const step = value === 'delivered' || value === 'read' ? value : null
      return step && by !== null ? advanced(message, by, step, said.at) : null
    }
  }
}

/** Of each kind each person's newest; of edits all, as each text is in the history. */
function keyOf(change: PendingRecord): string {
  if (change.what === 'status') return `${earlierKeyOf(change)}/${change.value}`
  const { device, n, at } = change.said
  return change.what === 'edit'
    ? `${earlierKeyOf(change)}/${device}/${n || at}`
    : earlierKeyOf(change)
}

/** As earlier builds kept edits: the newest. */
const earlierKeyOf = ({ author, id, by, what }: PendingRecord): string =>
  `${refKey({ sender: author, id })}/${by ?? 'me'}/${what}`
