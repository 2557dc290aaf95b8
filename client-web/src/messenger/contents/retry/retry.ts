/** Envelopes of the recipient's device that the sender could not read, and asks for again. */
import { isCount, malformed, readIds } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'

/** In one content: as many as are taken; the others are asked for later. */
export const MOST_ENVELOPES = 100

export interface RetryBody {
  type: 'retry'
  envelopes: string[]
  /** For the other side's log alone. */
  reason: string
  /** The device that sent them: the others of this person need not look. Older clients leave it out. */
  device?: number
  silent: true
}

export const retry: ContentType<RetryBody> = {
  types: ['retry'],
  read(fields) {
    const { envelopes, reason, device } = fields
    if (typeof reason !== 'string') throw malformed()
    return {
      type: 'retry',
      envelopes: readIds(envelopes).slice(0, MOST_ENVELOPES),
      reason: reason.slice(0, 40),
      ...(isCount(device, 1) && { device }),
      silent: true,
    }
  },
  message: null,
  sync: 'not_copied',
  clock: 'relay',
  fromPerson: (effects, { content }) => effects.sendAgain(content.envelopes, content.device),
  fromOwnDevice: (effects, { content }) => effects.sendAgain(content.envelopes, content.device),
}
