/**
 * Opens or renews a session. Own devices give themselves a name in it; it may say which envelopes cannot be sent
 * again.
 */
import { isUuid } from '@/messenger/contents/checks'
import type { Fields } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'

export interface HelloBody {
  type: 'hello'
  /** To one's own devices only, what the new one calls itself. */
  device?: string
  /** Envelopes that were asked for again, and what they carried is gone. */
  gone?: string[]
  /** Envelopes that were asked for again, and that this device did not send to the asking one. */
  not_sent?: string[]
}

export const hello: ContentType<HelloBody> = {
  types: ['hello'],
  read: (fields) => ({
    type: 'hello',
    ...readDeviceName(fields['device']),
    ...readList(fields, 'gone'),
    ...readList(fields, 'not_sent'),
  }),
  message: null,
  sync: 'not_copied',
  clock: 'relay',
  sentAgain: false,
  fromPerson: (effects, { content: { gone = [], not_sent: notSent = [] } }) =>
    effects.cannotSendAgain(gone, notSent),
  fromOwnDevice: (effects, { content: { gone = [], not_sent: notSent = [] } }) =>
    effects.cannotSendAgain(gone, notSent),
}

function readList<N extends 'gone' | 'not_sent'>(fields: Fields, name: N): Pick<HelloBody, N> | {} {
  const value = fields[name]
  if (!Array.isArray(value)) return {}
  const ids = value.filter(isUuid).slice(0, 100)
  return ids.length > 0 ? { [name]: ids } : {}
}

/** A short name in letters; anything else counts as none. */
function readDeviceName(value: unknown): { device?: string } {
  const good = typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} .,()_'-]{0,39}$/u.test(value)
  return good ? { device: value } : {}
}
