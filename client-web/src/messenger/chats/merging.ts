/**
 * Two states of one message, as two devices hold it, become one. Invariant: the outcome has the newest of each that was
 * said about it, in whichever order states come, and whichever of them comes twice. Pure.
 */
import { statusOrder } from '@/messenger/core/message-status'
import { isHere } from '@/messenger/core/message-record'
import type {
  EarlierText,
  MessageRecord,
  ReactionRecord,
  RecipientRecord,
} from '@/messenger/core/message-record'
import { boundedTexts, isLater, isSame, traceOf } from './amending'

/** The message as this device holds it, in its place, with what `other` knows beyond; null where that is nothing. */
export function merged(here: MessageRecord, other: MessageRecord): MessageRecord | null {
  if (!isHere(other) || here.kind === 'notice' || other.kind === 'notice') return null
  if (!isHere(here)) return { ...other, order: here.order }
  const isEither = here.kind === 'deleted' || other.kind === 'deleted'
  if (here.kind !== other.kind && !isEither) return null
  const whole = advanced(here, other)
  if (here.kind === 'deleted') return whole === here ? null : whole
  if (other.kind === 'deleted') return traceOf(whole)
  const outcome = withFiles(withReactions(withEdits(whole, other), other), other)
  return outcome === here ? null : outcome
}

function withEdits(here: MessageRecord, other: MessageRecord): MessageRecord {
  const [mine, theirs] = [here.edited, other.edited]
  if (!theirs) return here
  if (!mine) return { ...here, text: other.text, edited: theirs }
  const isNewer = isLater(theirs.said, mine.said)
  const [newest, older] = isNewer ? [other, here] : [here, other]
  const said = isNewer ? theirs.said : mine.said
  const former = isNewer ? mine.said : theirs.said
  const last = isSame(said, former) ? [] : [{ text: older.text, at: former.at }]
  const before = boundedTexts(distinct([...mine.before, ...theirs.before, ...last]))
  if (newest === here && before.length === mine.before.length) return here
  return { ...here, text: newest.text, edited: { said, before } }
}

function distinct(texts: readonly EarlierText[]): EarlierText[] {
  return [...new Map(texts.map((one) => [`${one.at} ${one.text}`, one])).values()]
}

function withReactions(here: MessageRecord, other: MessageRecord): MessageRecord {
  const mine = here.reactions ?? []
  const news = (other.reactions ?? []).filter((one) =>
    isLater(one.said, mine.find(({ by }) => by === one.by)?.said),
  )
  if (news.length === 0) return here
  const isOld = ({ by }: ReactionRecord): boolean => news.every((one) => one.by !== by)
  return { ...here, reactions: [...mine.filter(isOld), ...news] }
}

/** A file that was not at the relay yet may be there by now. */
function withFiles(here: MessageRecord, other: MessageRecord): MessageRecord {
  const missing = here.files?.some(({ id }, i) => id === null && other.files?.[i]?.id)
  return missing && other.files ? { ...here, files: other.files } : here
}

/** Statuses only go forward. */
function advanced(here: MessageRecord, other: MessageRecord): MessageRecord {
  const ahead = (one: RecipientRecord): RecipientRecord | undefined =>
    other.recipients.find(
      ({ userId, status }) =>
        userId === one.userId && statusOrder(status) > statusOrder(one.status),
    )
  if (!here.recipients.some(ahead)) return here
  const { sentAt, writtenAt } = other
  return {
    ...here,
    sentAt,
    ...(writtenAt !== undefined && { writtenAt }),
    recipients: here.recipients.map((one) => ahead(one) ?? one),
  }
}
