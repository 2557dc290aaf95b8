/** The first word of either device, and the last of the new one, as JSON in a link's bodies. */
import { fromUtf8, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { MessengerError } from '@/messenger/contract'

/** Longer names of devices are cut. */
const MOST_NAME = 80

export interface Greeting {
  /** What the device calls itself. */
  name: string | null
  /** Its number at the relay, once it is logged in. */
  device: number | null
}

export const greeting = ({ name = null, device = null }: Partial<Greeting>): Bytes =>
  utf8(JSON.stringify({ v: 1, ...(name !== null && { name }), ...(device && { device }) }))

/** @throws MessengerError `link_broken` */
export function readGreeting(plain: Bytes): Greeting {
  let fields: unknown
  try {
    fields = JSON.parse(fromUtf8(plain))
  } catch (cause) {
    throw new MessengerError('link_broken', 'not a greeting', {}, { cause })
  }
  if (typeof fields !== 'object' || fields === null) throw new MessengerError('link_broken')
  const { name, device } = fields as Record<string, unknown>
  return {
    name: typeof name === 'string' && name !== '' ? [...name].slice(0, MOST_NAME).join('') : null,
    device: Number.isSafeInteger(device) && (device as number) > 0 ? (device as number) : null,
  }
}
