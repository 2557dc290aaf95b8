import type { PublicKey } from '@/crypto/protocol/protocol'
import { identityText } from '@/crypto/contact/contact-code'
import type { UserId } from '@/messenger/contract'
import { isRecord, isUuid, malformed } from './checks'

/** Whose conversation a copy or a sync content belongs to, with the key that the sending device knows. */
export interface About {
  user_id: string
  /** Absent, as the key: whom this device knows under the id. */
  username?: string
  identity?: string
}

/** @throws ContentError */
export function readAbout(value: unknown): { for?: About } {
  if (value === undefined) return {}
  if (!isRecord(value) || !isUuid(value['user_id'])) throw malformed()
  const { user_id: user, username, identity } = value
  if (username === undefined && identity === undefined) return { for: { user_id: user } }
  if (typeof username !== 'string' || typeof identity !== 'string') throw malformed()
  return { for: { user_id: user, username, identity } }
}

/** Names someone to one's own other devices, with the key that this device knows. */
export function aboutOf(person: { userId: UserId; username: string; identity: PublicKey }): About {
  const { userId, username, identity } = person
  return { user_id: userId, username, identity: identityText(identity) }
}
