import type { PublicKey } from '@/crypto/engine'
import { identityText } from '@/crypto/identity'
import type { About } from '@/messenger/contents/about'
import type { UserId } from '@/messenger/contract'

/** Names someone to one's own other devices, with the key that this device knows. */
export function aboutOf(person: { userId: UserId; username: string; identity: PublicKey }): About {
  const { userId, username, identity } = person
  return { user_id: userId, username, identity: identityText(identity) }
}
