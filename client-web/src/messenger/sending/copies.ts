/** What the relay took from this device, once more for one's own other devices. */
import { messageTimes } from '@/messenger/chats/message-times'
import { aboutOf } from '@/messenger/contents/about'
import { typeOf } from '@/messenger/contents/registry'
import type { UserId } from '@/messenger/contract'
import type { OutboxRecord } from '@/messenger/core/records'
import type { Targets } from '@/messenger/keys/targets'
import type { NewEntry } from './outbox-entries'

/** For one's own other devices, of what went to somebody else. */
export const isCopy = ({ to, body }: OutboxRecord): boolean =>
  'for' in body && body.for !== undefined && body.for.user_id !== to

/** The entry as the relay took it at `at`: by its clock where the content's type wants that. */
export function datedAt(entry: OutboxRecord, at: number): OutboxRecord {
  const isDated = entry.again !== undefined || isCopy(entry)
  if (isDated || typeOf(entry.body).clock === 'writer') return entry
  return { ...entry, sentAt: messageTimes(entry.sentAt, at).sentAt }
}

/** What one's own other devices get of it; null: nothing. */
export function copyFor(own: UserId, targets: Targets, entry: OutboxRecord): NewEntry | null {
  const { body, to, contentId, sentAt } = entry
  const target = targets.get(to)
  if (typeOf(body).sync !== 'copied' || !target || to === own || entry.again) return null
  if (targets.alone) return null
  const copy = { ...body, for: aboutOf(target) }
  return { to: own, contentId, body: copy, sentAt, message: null }
}
