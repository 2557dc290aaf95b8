/**
 * The two messages of the protocol, as bytes. Promises: the MAC covers the bytes as they were received; whatever `parse…` accepts is
 * whole and in range. Source: Signal, "The Double Ratchet Algorithm", section 3.4, and "The PQXDH Key Agreement
 * Protocol", section 3.3; the fields are those of Signal's clients. Fields that they require are always written, also
 * when they are zero: else the official library refuses the message.
 */
import { concat, equal } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { PublicKey, DeviceAddress } from '@/crypto/protocol/protocol'
import { CryptoError } from '@/crypto/errors'
import { checkPublicKey } from '@/crypto/curve/public-key'
import { hmac } from './kdf'
import { checkKemBytes } from './kem'
import { encodeFields, Fields } from './protobuf'
import { MAX_U32 } from './varint'

/** The session's version in the high half, the newest known in the low half. */
const VERSION = 0x44
const MAC_LENGTH = 8
const ACI = 0
/** A device's number is one byte in Signal's addresses, and below 128. */
const MAX_DEVICE = 127
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export interface SignalMessage {
  ratchetKey: PublicKey
  counter: number
  previousCounter: number
  ciphertext: Bytes
  pqRatchet: Bytes
  /** Sender and recipient; only inside prekey messages. */
  addresses: Bytes | null
}

export interface ReceivedSignalMessage extends SignalMessage {
  /** What the MAC covers. */
  covered: Bytes
  mac: Bytes
}

export interface PrekeySignalMessage {
  registrationId: number
  prekeyId: number | null
  signedPrekeyId: number
  kemPrekeyId: number
  /** 1,569 bytes */
  kemCiphertext: Bytes
  /** Names the session that the message begins. */
  baseKey: PublicKey
  identityKey: PublicKey
  message: Bytes
}

export interface Ends {
  sender: PublicKey
  receiver: PublicKey
}

const macOf = (key: Bytes, { sender, receiver }: Ends, covered: Bytes): Bytes =>
  hmac(key, sender, receiver, covered).slice(0, MAC_LENGTH)

export function encodeSignalMessage(message: SignalMessage, macKey: Bytes, ends: Ends): Bytes {
  const covered = concat(
    Uint8Array.of(VERSION),
    encodeFields(
      [1, message.ratchetKey],
      [2, message.counter],
      [3, message.previousCounter],
      [4, message.ciphertext],
      [5, message.pqRatchet],
      [6, message.addresses],
    ),
  )
  return concat(covered, macOf(macKey, ends, covered))
}

/** @throws CryptoError `bad_message` */
export function checkMac({ covered, mac }: ReceivedSignalMessage, macKey: Bytes, ends: Ends): void {
  if (!equal(macOf(macKey, ends, covered), mac)) throw new CryptoError('bad_message', 'wrong MAC')
}

/** @throws CryptoError `bad_message`, `bad_key` */
export function parseSignalMessage(body: Uint8Array): ReceivedSignalMessage {
  checkVersion(body)
  if (body.length <= MAC_LENGTH) throw new CryptoError('bad_message', 'too short')
  const covered = Uint8Array.from(body.subarray(0, -MAC_LENGTH))
  const fields = new Fields(covered.subarray(1))
  const ratchetKey = fields.bytes(1)
  checkPublicKey(ratchetKey)
  return {
    ratchetKey,
    counter: u32(fields.number(2)),
    previousCounter: u32(fields.optionalNumber(3) ?? 0),
    ciphertext: fields.bytes(4),
    pqRatchet: fields.bytes(5),
    addresses: fields.optionalBytes(6),
    covered,
    mac: Uint8Array.from(body.subarray(-MAC_LENGTH)),
  }
}

export function encodePrekeySignalMessage(message: PrekeySignalMessage): Bytes {
  return concat(
    Uint8Array.of(VERSION),
    encodeFields(
      [1, message.prekeyId],
      [2, message.baseKey],
      [3, message.identityKey],
      [4, message.message],
      [5, message.registrationId],
      [6, message.signedPrekeyId],
      [7, message.kemPrekeyId],
      [8, message.kemCiphertext],
    ),
  )
}

/** @throws CryptoError `bad_message`, `bad_key` */
export function parsePrekeySignalMessage(body: Uint8Array): PrekeySignalMessage {
  checkVersion(body)
  const fields = new Fields(body.subarray(1))
  const [baseKey, identityKey, kemCiphertext] = [2, 3, 8].map((field) => fields.bytes(field)) as [
    Bytes,
    Bytes,
    Bytes,
  ]
  checkPublicKey(baseKey)
  checkPublicKey(identityKey)
  checkKemBytes(kemCiphertext)
  const prekeyId = fields.optionalNumber(1)
  return {
    registrationId: u32(fields.optionalNumber(5) ?? 0),
    prekeyId: prekeyId === null ? null : u32(prekeyId),
    signedPrekeyId: u32(fields.number(6)),
    kemPrekeyId: u32(fields.number(7)),
    kemCiphertext,
    baseKey,
    identityKey,
    message: fields.bytes(4),
  }
}

/** 36 bytes; null if one of them has no such form. */
export function encodeAddresses(sender: DeviceAddress, recipient: DeviceAddress): Bytes | null {
  const [one, other] = [encodeAddress(sender), encodeAddress(recipient)]
  return one && other && concat(one, other)
}

/** A message may leave them out. @throws CryptoError `bad_message` */
export function checkAddresses(
  { addresses }: ReceivedSignalMessage,
  sender: DeviceAddress,
  recipient: DeviceAddress,
): void {
  if (!addresses) return
  const expected = encodeAddresses(sender, recipient)
  if (!expected || !equal(expected, addresses)) throw new CryptoError('bad_message', 'addresses')
}

function encodeAddress({ userId, deviceId }: DeviceAddress): Bytes | null {
  if (!UUID.test(userId) || deviceId < 1 || deviceId > MAX_DEVICE) return null
  const uuid = userId.replaceAll('-', '').match(/../g) ?? []
  return Uint8Array.of(ACI, ...uuid.map((byte) => Number.parseInt(byte, 16)), deviceId)
}

function checkVersion(body: Uint8Array): void {
  if ((body[0] ?? 0) >> 4 !== VERSION >> 4) throw new CryptoError('bad_message', 'not version 4')
}

function u32(value: number): number {
  if (value > MAX_U32) throw new CryptoError('bad_message', 'number out of range')
  return value
}
