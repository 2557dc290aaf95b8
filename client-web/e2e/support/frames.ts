/** What a page sends over its socket, and which message keys it was sealed with. */
import type { Page } from '@playwright/test'
import { decode } from '@msgpack/msgpack'
import {
  PreKeyWhisperMessage,
  WhisperMessage,
} from '@privacyresearch/libsignal-protocol-protobuf-ts'

interface Envelope {
  device_id: number
  kind: 'prekey' | 'message'
  body: Uint8Array
}

const MAC = 8

/** Every envelope any of the pages sends from now on. */
export class Sent {
  readonly envelopes: { to: string; envelope: Envelope }[] = []

  watch(page: Page): void {
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        if (typeof payload !== 'string') this.note(payload)
      })
    })
  }

  /**
   * A message key is named by the sender's ratchet key and the counter in its chain. The same name
   * over different ciphertexts would be a key used twice; the same ciphertext sent again is not.
   */
  keysUsedTwice(): string[] {
    const seen = new Map<string, string>()
    const twice: string[] = []
    for (const { to, envelope } of this.envelopes) {
      const message = signalMessage(envelope)
      const key = `${to}.${envelope.device_id} ${hex(message.ephemeralKey)} ${message.counter}`
      const sealed = hex(message.ciphertext)
      if ((seen.get(key) ?? sealed) !== sealed) twice.push(key)
      seen.set(key, sealed)
    }
    return twice
  }

  private note(frame: Buffer): void {
    const packet = decode(frame) as { data?: unknown }
    if (!Array.isArray(packet.data) || packet.data[0] !== 'send') return
    const { to, envelopes } = packet.data[1] as { to: string; envelopes: Envelope[] }
    for (const envelope of envelopes) this.envelopes.push({ to, envelope })
  }
}

function signalMessage({ kind, body }: Envelope): WhisperMessage {
  const bytes = kind === 'prekey' ? PreKeyWhisperMessage.decode(body.subarray(1)).message : body
  return WhisperMessage.decode(bytes.subarray(1, -MAC))
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
