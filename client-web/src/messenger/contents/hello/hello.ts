/** Opens or renews a session, and changes nothing else; own devices give themselves a name in it. */
import type { ContentType } from '@/messenger/contents/content-type'

export interface HelloBody {
  type: 'hello'
  /** To one's own devices only, what the new one calls itself. */
  device?: string
}

export const hello: ContentType<HelloBody> = {
  types: ['hello'],
  read: (fields) => ({ type: 'hello', ...readDeviceName(fields['device']) }),
  message: null,
  sync: 'not_copied',
  clock: 'relay',
}

/** A short name in letters; anything else counts as none. */
function readDeviceName(value: unknown): { device?: string } {
  const good = typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} .,()_'-]{0,39}$/u.test(value)
  return good ? { device: value } : {}
}
