/**
 * A conversation as rows to draw: messages grouped by sender and minute, a separator where the
 * day changes, one line where the unread ones begin, one where another key begins, notices between. Pure: same messages, same rows.
 */
import type { EncryptionDetails, Message, MessageId } from '@/messenger/contract'
import { folded } from '@/text/heights'
import { startOfDay } from './days'
import { isEmojiOnly } from '@/text/emoji'

export type TimelineRow = StartRow | DayRow | UnreadRow | KeyRow | NoticeRow | BubbleRow

/** The very beginning of the conversation. */
export interface StartRow {
  readonly kind: 'start'
  readonly key: string
}

export interface DayRow {
  readonly kind: 'day'
  readonly key: string
  readonly at: number
}

export interface UnreadRow {
  readonly kind: 'unread'
  readonly key: string
}

/** A line between messages under different keys. */
export interface KeyRow {
  readonly kind: 'key'
  readonly key: string
  readonly fingerprint: string
}

export interface NoticeRow {
  readonly kind: 'notice'
  readonly key: string
  readonly message: Message
}

export interface BubbleRow {
  readonly kind: 'bubble'
  readonly key: string
  readonly message: Message
  /** First and last of a group; the tail stands on the last. */
  readonly first: boolean
  readonly last: boolean
}

const MINUTE = 60_000

export function timeline(
  messages: readonly Message[],
  firstUnread: MessageId | null = null,
  complete = false,
): readonly TimelineRow[] {
  const rows: TimelineRow[] = complete ? [{ kind: 'start', key: 'start' }] : []
  let previous: Message | null = null
  const days = daysOf(messages)
  let seal: EncryptionDetails | null = null
  let day = Number.NaN
  messages.forEach((message, index) => {
    const today = days[index] ?? Number.NaN
    const newDay = today !== day
    if (newDay) rows.push({ kind: 'day', key: `day-${today}-${message.id}`, at: today })
    day = today
    const unread = message.id === firstUnread
    if (unread) rows.push({ kind: 'unread', key: `unread-${message.id}` })
    if (message.kind === 'notice') {
      rows.push({ kind: 'notice', key: message.id, message })
    } else {
      const otherKey = seal !== null && !sameKey(seal, message.encryption)
      if (otherKey && message.encryption) {
        const { fingerprint } = message.encryption
        rows.push({ kind: 'key', key: `key-${message.id}`, fingerprint })
      }
      seal = message.encryption ?? seal
      const next = messages[index + 1] ?? null
      const nextBreaks = next?.id === firstUnread
      rows.push({
        kind: 'bubble',
        key: message.id,
        message,
        first: newDay || unread || otherKey || !together(previous, message),
        last: nextBreaks || !together(message, next),
      })
    }
    previous = message
  })
  return rows
}

/**
 * The day each message stands under. Notices carry this device's time, messages the relay's: a
 * notice of a clock that went wrong stays between the days of its neighbours.
 */
function daysOf(messages: readonly Message[]): number[] {
  const days = messages.map((message) => startOfDay(message.sentAt))
  const isNotice = (index: number): boolean => messages[index]?.kind === 'notice'
  let next = Infinity
  for (let index = days.length - 1; index >= 0; index -= 1) {
    const own = days[index] ?? next
    if (isNotice(index)) days[index] = Math.min(own, next)
    else next = own
  }
  let before = -Infinity
  return days.map((own, index) => (before = isNotice(index) ? Math.max(own, before) : own))
}

/** Whether two messages are sealed for the same person's key; older ones know only its fingerprint. */
function sameKey(a: EncryptionDetails | null, b: EncryptionDetails | null): boolean {
  if (!a || !b) return true
  return a.identity && b.identity ? a.identity === b.identity : a.fingerprint === b.fingerprint
}

function together(a: Message | null, b: Message | null): boolean {
  return (
    a !== null &&
    b !== null &&
    a.kind !== 'notice' &&
    b.kind !== 'notice' &&
    a.direction === b.direction &&
    sameKey(a.encryption, b.encryption) &&
    Math.floor(a.sentAt / MINUTE) === Math.floor(b.sentAt / MINUTE)
  )
}

const isCounted = ({ kind }: Message): boolean => kind !== 'notice' && kind !== 'awaited'

/** The oldest of the newest `unread` received messages, or null when there is none. */
export function firstUnread(messages: readonly Message[], unread: number): MessageId | null {
  let oldest: MessageId | null = null
  let left = unread
  for (let index = messages.length - 1; index >= 0 && left > 0; index -= 1) {
    const message = messages[index]
    if (!message || message.direction !== 'in' || !isCounted(message)) continue
    oldest = message.id
    left -= 1
  }
  return oldest
}

/** How high a row will be about, in px, before it is drawn; good guesses make scrolling quiet. */
export function estimateRow(row: TimelineRow, paneWidth: number): number {
  if (row.kind === 'start') return 104
  if (row.kind !== 'bubble') return 42
  const bubble = Math.min(520, paneWidth * (paneWidth < 600 ? 0.75 : 0.62)) - 24
  const perLine = Math.max(12, Math.floor(bubble / 7.6))
  if (!row.message.replyTo && isEmojiOnly(row.message.text)) return row.first ? 75 : 69
  const { text } = row.message
  const lines = (folded(text) ?? text)
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil((line.length + 7) / perLine)), 0)
  const mark = { awaited: 54, unknown: 18 }[row.message.kind as string] ?? 0
  const pills = row.message.reactions ? 22 : 0
  return lines * 21 + 15 + mark + pills + (row.first ? 8 : 2) + (row.message.replyTo ? 58 : 0)
}
