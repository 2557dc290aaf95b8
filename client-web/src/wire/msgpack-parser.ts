/**
 * Socket.IO packets as MessagePack, byte-compatible with `socket.io-msgpack-parser` (`{type, data, nsp, id}` in
 * one binary frame), whose encoder loses Uint8Array in browsers.
 */
import { decode, encode } from '@msgpack/msgpack'
import { Emitter } from '@socket.io/component-emitter'

interface Packet {
  type: number
  nsp: string
  data?: unknown
  id?: number
}

const LAST_TYPE = 6

export class Encoder {
  encode({ type, data, nsp, id }: Packet): Uint8Array[] {
    return [encode({ type, data, nsp, id }, { ignoreUndefined: true }).slice()]
  }
}

interface DecoderEvents {
  decoded: (packet: Packet) => void
}

export class Decoder extends Emitter<DecoderEvents, DecoderEvents> {
  /** @throws TypeError for anything but a packet; the connection is then closed */
  add(chunk: unknown): void {
    if (!(chunk instanceof ArrayBuffer || chunk instanceof Uint8Array)) {
      throw new TypeError('not a binary frame')
    }
    const packet = decode(chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : chunk)
    if (!isPacket(packet)) throw new TypeError('not a Socket.IO packet')
    this.emit('decoded', packet)
  }
  destroy(): void {
    // No state between frames.
  }
}

function isPacket(value: unknown): value is Packet {
  if (typeof value !== 'object' || value === null) return false
  const { type, nsp } = value as Partial<Packet>
  return (
    Number.isInteger(type) &&
    Number(type) >= 0 &&
    Number(type) <= LAST_TYPE &&
    typeof nsp === 'string'
  )
}

export const parser = { Encoder, Decoder }
