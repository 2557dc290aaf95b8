/** What becomes of a message when something is said about it. Pure; null: nothing changes. */
import { DELETABLE_FOR, EDITABLE_FOR } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import { blankMessage } from '@/messenger/core/message-record'
import type { EarlierText, MessageRecord, SaidRecord } from '@/messenger/core/message-record'

/** What was said in time may come as much later as this: devices are off line. */
const ON_THE_WAY = 24 * 3_600_000
/** Of a message; the oldest after the first go. */
const MOST_EARLIER = 50

const numbered = (a: SaidRecord, b: SaidRecord): boolean =>
  a.device === b.device && a.n > 0 && b.n > 0

/** Two of one device by their numbers, if both have one; others by their times, and then by device. */
export function isLater(said: SaidRecord, before: SaidRecord | undefined): boolean {
  if (!before) return true
  if (numbered(said, before)) return said.n > before.n
  return said.at > before.at || (said.at === before.at && said.device > before.device)
}

export const isSame = (a: SaidRecord, b: SaidRecord): boolean =>
  a.device === b.device && (numbered(a, b) ? a.n === b.n : a.at === b.at)

/** Of a message that is not as old; `limit` by the clock of the relay, which took both. */
const inTime = (message: MessageRecord, said: SaidRecord, limit: number): boolean =>
  said.at - message.sentAt <= limit + ON_THE_WAY

/** By its author, which the caller has checked. */
export function edited(
  message: MessageRecord,
  text: string,
  said: SaidRecord,
): MessageRecord | null {
  if (message.kind !== 'text' || !inTime(message, said, EDITABLE_FOR)) return null
  const { edited: before } = message
  const earlier = before?.before ?? []
  if (!isLater(said, before?.said)) {
    // It came late: one of the earlier texts, unless it is known.
    const known =
      !before ||
      isSame(said, before.said) ||
      earlier.some((one) => one.at === said.at && one.text === text)
    if (known) return null
    return {
      ...message,
      edited: { ...before, before: boundedTexts([...earlier, { text, at: said.at }]) },
    }
  }
  if (text === message.text) return null
  const last = { text: message.text, at: before?.said.at ?? message.sentAt }
  return { ...message, text, edited: { said, before: boundedTexts([...earlier, last]) } }
}

export function boundedTexts(earlier: readonly EarlierText[]): readonly EarlierText[] {
  const sorted = earlier.toSorted((a, b) => a.at - b.at)
  const [first] = sorted
  return first && sorted.length > MOST_EARLIER ? [first, ...sorted.slice(1 - MOST_EARLIER)] : sorted
}

/** By its author, which the caller has checked. Of all that it held only its place is left. */
export function deleted(message: MessageRecord, said: SaidRecord): MessageRecord | null {
  const gone = message.kind === 'deleted' || message.kind === 'notice'
  if (gone || !inTime(message, said, DELETABLE_FOR)) return null
  return traceOf(message)
}

/** What is left of a message that is deleted for everyone. */
export function traceOf(message: MessageRecord): MessageRecord {
  const { id, sender, conversation, sentAt, writtenAt, order, recipients, encryption } = message
  const place = { id, sender, conversation, sentAt, order, recipients, encryption }
  return {
    ...blankMessage,
    ...place,
    ...(writtenAt !== undefined && { writtenAt }),
    kind: 'deleted',
  }
}

export function reacted(
  message: MessageRecord,
  by: UserId | null,
  emoji: string | null,
  said: SaidRecord,
): MessageRecord | null {
  if (message.kind === 'deleted' || message.kind === 'notice') return null
  const others = (message.reactions ?? []).filter((one) => one.by !== by)
  const before = message.reactions?.find((one) => one.by === by)
  if (!isLater(said, before?.said)) return null
  return { ...message, reactions: [...others, { by, emoji, said }] }
}
