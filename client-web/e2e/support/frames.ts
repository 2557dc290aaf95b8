/** What a page sends over its socket, and which message keys it was sealed with. */
import type { Page } from '@playwright/test'
import { decode } from '@msgpack/msgpack'
import { keysUsedTwice } from '../../tests/support/message-keys'
import type { SentEnvelope } from '../../tests/support/message-keys'

/** Every envelope any of the pages sends from now on. */
export class Sent {
  readonly envelopes: SentEnvelope[] = []

  watch(page: Page): void {
    page.on('websocket', (socket) => {
      socket.on('framesent', ({ payload }) => {
        if (typeof payload !== 'string') this.note(payload)
      })
    })
  }

  keysUsedTwice(): string[] {
    return keysUsedTwice(this.envelopes)
  }

  private note(frame: Buffer): void {
    const packet = decode(frame) as { data?: unknown }
    if (!Array.isArray(packet.data) || packet.data[0] !== 'send') return
    const { to, envelopes } = packet.data[1] as {
      to: string
      envelopes: SentEnvelope['envelope'][]
    }
    for (const envelope of envelopes) this.envelopes.push({ to, envelope })
  }
}
