/**
 * Opens or renews a session. Own devices give themselves a name in it; it may say which envelopes cannot be sent
 * again.
 */
import { isUuid } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'

export interface HelloBody {
  type: 'hello'
  /** To one's own devices only, what the new one calls itself. */
  device?: string
  /** Envelopes that were asked for again, and are not here. */
  gone?: string[]
}

export const hello: ContentType<HelloBody> = {
  types: ['hello'],
  read: (fields) => ({
    type: 'hello',
    ...readDeviceName(fields['device']),
    ...readGone(fields['gone']),
  }),
  message: null,
  sync: 'not_copied',
  clock: 'relay',
  sentAgain: false,
  fromPerson: (effects, { content }) => effects.cannotSendAgain(content.gone ?? []),
  fromOwnDevice: (effects, { content }) => effects.cannotSendAgain(content.gone ?? []),
}

function readGone(value: unknown): { gone?: string[] } {
  if (!Array.isArray(value)) return {}
  const gone = value.filter(isUuid).slice(0, 100)
  return gone.length > 0 ? { gone } : {}
}

/** A short name in letters; anything else counts as none. */
function readDeviceName(value: unknown): { device?: string } {
  const good = typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} .,()_'-]{0,39}$/u.test(value)
  return good ? { device: value } : {}
}
