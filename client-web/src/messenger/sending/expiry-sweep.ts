/**
 * Removes what is due, with all that holds something of it: quotes, files, what waits to be sent or may be asked for
 * again. A bounded number in one transaction.
 */
import type { Chats } from '@/messenger/chats/chats'
import type { Deadlines } from '@/messenger/chats/deadlines'
import { withoutQuotes } from '@/messenger/chats/quotes'
import { typeOf } from '@/messenger/contents/registry'
import type { Body } from '@/messenger/contents/registry'
import type { ConversationId } from '@/messenger/contract'
import { sentContents } from '@/messenger/core/content-records'
import type { Core } from '@/messenger/core/core'
import type { DeadlineRecord } from '@/messenger/core/expiry-records'
import { findMessage } from '@/messenger/core/kept-messages'
import { refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import type { FileRemovals } from './file-removals'
import type { Outbox } from './outbox'
import type { Removals } from './removals'

/** In one transaction. */
const BATCH = 100

export interface SweepParts {
  readonly core: Core
  readonly chats: Chats
  readonly deadlines: Deadlines
  readonly outbox: Outbox
  readonly removals: Removals
  readonly files: { readonly removals: FileRemovals }
}

export async function sweep(parts: SweepParts, stopped: () => boolean): Promise<void> {
  const { serial } = parts.core
  for (const late of batches(parts.deadlines.late())) {
    await serial.run((turn) => correct(parts, turn, late))
  }
  const due = Map.groupBy(parts.deadlines.due(), ({ conversation }) => conversation)
  for (const [conversation, records] of due) {
    // In one turn: an answer that is stored in between would quote what goes.
    await serial.run(async (turn) => {
      await hideQuotes(parts, turn, conversation, records)
      for (const batch of batches(records)) {
        if (stopped()) return
        await remove(parts, turn, conversation, batch)
      }
    })
  }
}

function* batches(records: readonly DeadlineRecord[]): Generator<readonly DeadlineRecord[]> {
  for (let start = 0; start < records.length; start += BATCH) {
    yield records.slice(start, start + BATCH)
  }
}

/** Their time, which a clock ahead of time put off, begins now. */
async function correct(
  { core, chats, deadlines }: SweepParts,
  turn: Turn,
  records: readonly DeadlineRecord[],
): Promise<void> {
  const changes = new TurnChanges(turn)
  for (const record of records) {
    const message = await findMessage(core.store, record)
    const timed = message && deadlines.begun(changes, message, deadlines.now())
    if (timed && timed !== message) chats.stageChanged(changes, timed)
    else deadlines.stageGone(changes, [record])
  }
  await core.store.commit(changes)
}

async function hideQuotes(
  { core, chats }: SweepParts,
  turn: Turn,
  conversation: ConversationId,
  records: readonly DeadlineRecord[],
): Promise<void> {
  const gone = new Set(records.map(refKey))
  const oldest = records.reduce((least, { order }) => Math.min(least, order), Infinity)
  for await (const page of withoutQuotes(core.store, conversation, gone, oldest)) {
    const changes = new TurnChanges(turn)
    for (const one of page) chats.stageChanged(changes, one)
    await core.store.commit(changes)
  }
}

async function remove(
  parts: SweepParts,
  turn: Turn,
  conversation: ConversationId,
  records: readonly DeadlineRecord[],
): Promise<void> {
  const { core, deadlines, outbox, removals, files } = parts
  const changes = new TurnChanges(turn)
  const found = await Promise.all(records.map((one) => findMessage(core.store, one)))
  // Others were deleted before their time; a trace of them stays.
  const due = found.flatMap((message) => (message?.expiry ? [message] : []))
  for (const message of due) {
    // A recipient who has not read it yet gets its files all the same.
    const isRead = message.recipients.every(({ status }) => status === 'read')
    if (message.sender === null && isRead) files.removals.stageAtRelay(changes, message)
  }
  await removals.stageFound(changes, conversation, due)
  const ids = new Set(due.map(({ id }) => id))
  await outbox.entries.stageUntried(
    changes,
    ({ contentId, body }) => ids.has(contentId) || repeats(body, ids),
  )
  await stageSentGone(core, changes, due, ids)
  deadlines.stageGone(changes, records)
  await core.store.commit(changes)
}

/** Edits and reactions that a recipient may ask for again. Of messages themselves no content is kept there. */
async function stageSentGone(
  { store }: Core,
  changes: TurnChanges,
  due: readonly MessageRecord[],
  ids: ReadonlySet<string>,
): Promise<void> {
  if (!due.some(({ edited, reactions }) => edited ?? reactions)) return
  for (const id of await store.keys('sent')) {
    const body = (await store.getSpare(sentContents, id))?.body
    if (body && repeats(body, ids)) changes.remove('sent', id)
  }
}

const repeats = (body: Body, ids: ReadonlySet<string>): boolean =>
  ids.has(typeOf(body).subject?.(body) ?? '')
