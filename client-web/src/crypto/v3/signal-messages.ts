import {
  PreKeyWhisperMessage,
  WhisperMessage,
} from '@privacyresearch/libsignal-protocol-protobuf-ts'
import { own, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { PrekeyMessageInfo } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import { checkPublicKey } from '@/crypto/curve/public-key'

/** Current version in the high half, oldest understood in the low half of the first byte. */
const VERSION = 0x33
const MAC_LENGTH = 8

export interface ReceivedSignalMessage {
  ratchetKey: string
  counter: number
  previousCounter: number
}

export interface PrekeySignalMessage extends PrekeyMessageInfo {
  message: Bytes
}

/** @throws CryptoError `bad_message` */
export function parseSignalMessage(body: Uint8Array): ReceivedSignalMessage {
  if (body[0] !== VERSION || body.length <= 1 + MAC_LENGTH) throw new CryptoError('bad_message')
  const message = decode(() => WhisperMessage.decode(body.slice(1, -MAC_LENGTH)))
  checkPublicKey(message.ephemeralKey)
  return {
    ratchetKey: toBase64(message.ephemeralKey),
    counter: message.counter,
    previousCounter: message.previousCounter,
  }
}

/** @throws CryptoError `bad_message`, `bad_key` */
export function parsePrekeySignalMessage(body: Uint8Array): PrekeySignalMessage {
  if (body[0] !== VERSION) throw new CryptoError('bad_message')
  const message = decode(() => PreKeyWhisperMessage.decode(body.slice(1)))
  checkPublicKey(message.identityKey)
  checkPublicKey(message.baseKey)
  return {
    identityKey: own(message.identityKey),
    registrationId: message.registrationId,
    // Protobuf's default: there is no prekey with the id 0.
    prekeyId: message.preKeyId || null,
    signedPrekeyId: message.signedPreKeyId,
    kemPrekeyId: null,
    baseKey: own(message.baseKey),
    message: own(message.message),
  }
}

function decode<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new CryptoError('bad_message', 'malformed protobuf', { cause })
  }
}
