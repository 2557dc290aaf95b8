/** What is visible of Signal messages to whoever carries them: which keys they were sealed with. */
import * as three from '@/crypto/v3/signal-messages'
import * as four from '@/crypto/v4/signal-messages'

export interface SentEnvelope {
  to: string
  envelope: { device_id: number; kind: 'prekey' | 'message'; body: Uint8Array }
}

/**
 * A message key is named by the sender's ratchet key and the counter in its chain. The same name
 * over different ciphertexts would be a key used twice; the same ciphertext sent again is not.
 */
export function keysUsedTwice(sent: readonly SentEnvelope[]): string[] {
  const seen = new Map<string, string>()
  const twice: string[] = []
  for (const { to, envelope } of sent) {
    const { ratchetKey, counter, sealed } = signalMessage(envelope)
    const key = `${to}.${envelope.device_id} ${ratchetKey} ${counter}`
    if ((seen.get(key) ?? sealed) !== sealed) twice.push(key)
    seen.set(key, sealed)
  }
  return twice
}

/** The key a session began with; null where the envelope begins none. */
export function sessionStart({ envelope }: SentEnvelope): string | null {
  if (envelope.kind !== 'prekey') return null
  return String(prekeyMessage(envelope.body).baseKey)
}

const isFour = (body: Uint8Array): boolean => body[0] === 0x44

export const prekeyMessage = (body: Uint8Array) =>
  isFour(body) ? four.parsePrekeySignalMessage(body) : three.parsePrekeySignalMessage(body)

function signalMessage({ kind, body }: SentEnvelope['envelope']) {
  const inner = kind === 'prekey' ? prekeyMessage(body).message : body
  if (!isFour(inner)) {
    const { ratchetKey, counter } = three.parseSignalMessage(inner)
    return { ratchetKey, counter, sealed: String(inner.slice(0, -8)) }
  }
  const { ratchetKey, counter, ciphertext } = four.parseSignalMessage(inner)
  return { ratchetKey: String(ratchetKey), counter, sealed: String(ciphertext) }
}
