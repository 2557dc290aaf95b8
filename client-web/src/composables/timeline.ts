/**
 * Rows of a conversation: messages grouped by sender and minute, day separators, a line before unread messages, a
 * line where the key changes, notices. Pure: the same messages give the same rows.
 */
import type { EncryptionDetails, Message, MessageId } from '@/messenger/contract'
import { folded } from '@/text/heights'
import { startOfDay } from './days'
import { isEmojiOnly } from '@/text/emoji'
import { filesHeight } from './file-layout'

export type TimelineRow = StartRow | DayRow | UnreadRow | KeyRow | NoticeRow | BubbleRow

/** The beginning of the conversation. */
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
  /** First and last of a group. The last one has the tail. */
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
 * The day of each message. Notices carry this device's time, messages the relay's. So a notice of a wrong clock
 * stays between the days of its neighbours.
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

/** Whether two messages are encrypted for the same key. Older ones know only its fingerprint. */
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

/** The oldest of the newest `unread` received messages; null without any. */
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

/** Estimated height of a row before it is drawn, px. Good estimates keep scrolling smooth. */
export function estimateRow(row: TimelineRow, paneWidth: number): number {
  if (row.kind === 'start') return 104
  if (row.kind !== 'bubble') return 42
  const bubble = Math.min(520, paneWidth * (paneWidth < 600 ? 0.75 : 0.62)) - 24
  const perLine = Math.max(12, Math.floor(bubble / 7.6))
  const { text, files = [] } = row.message
  if (!row.message.replyTo && files.length === 0 && isEmojiOnly(text)) return row.first ? 75 : 69
  const attached = filesHeight(files, bubble + 18)
  if (attached > 0 && text === '') return attached + 11 + (row.first ? 8 : 2)
  const lines = (folded(text) ?? text)
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil((line.length + 7) / perLine)), 0)
  const pills = row.message.reactions ? 22 : 0
  const mark = { awaited: 54, unknown: 18 }[row.message.kind as string] ?? 0
  const quote = row.message.replyTo ? 58 : 0
  return attached + lines * 21 + 15 + mark + pills + (row.first ? 8 : 2) + quote
}
