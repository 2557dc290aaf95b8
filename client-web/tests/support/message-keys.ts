/** What is visible of Signal messages to whoever carries them: which keys they were sealed with. */
import {
  PreKeyWhisperMessage,
  WhisperMessage,
} from '@privacyresearch/libsignal-protocol-protobuf-ts'

export interface SentEnvelope {
  to: string
  envelope: { device_id: number; kind: 'prekey' | 'message'; body: Uint8Array }
}

const MAC = 8

/**
 * A message key is named by the sender's ratchet key and the counter in its chain. The same name
 * over different ciphertexts would be a key used twice; the same ciphertext sent again is not.
 */
export function keysUsedTwice(sent: readonly SentEnvelope[]): string[] {
  const seen = new Map<string, string>()
  const twice: string[] = []
  for (const { to, envelope } of sent) {
    const message = signalMessage(envelope)
    const key = `${to}.${envelope.device_id} ${String(message.ephemeralKey)} ${message.counter}`
    const sealed = String(message.ciphertext)
    if ((seen.get(key) ?? sealed) !== sealed) twice.push(key)
    seen.set(key, sealed)
  }
  return twice
}

/** The key a session began with; null where the envelope begins none. */
export function sessionStart({ envelope }: SentEnvelope): string | null {
  if (envelope.kind !== 'prekey') return null
  return String(PreKeyWhisperMessage.decode(envelope.body.subarray(1)).baseKey)
}

function signalMessage({ kind, body }: SentEnvelope['envelope']): WhisperMessage {
  const bytes = kind === 'prekey' ? PreKeyWhisperMessage.decode(body.subarray(1)).message : body
  return WhisperMessage.decode(bytes.subarray(1, -MAC))
}
