/** Versions of Signal's protocol, as they show on the wire: the high half of a message's first byte. */
import type { Bytes } from '@/crypto/bytes'

/** The second is post-quantum. */
export type Version = 3 | 4

/** Null of one that this build does not know. */
export function versionOf(body: Bytes): Version | null {
  const version = (body[0] ?? 0) >> 4
  return version === 3 || version === 4 ? version : null
}
