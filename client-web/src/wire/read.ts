import type { Bytes } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import { isUsername } from '@/text/credentials'
import { Answer } from './check'
import { RelayError } from './errors'
import type {
  BundleAnswer,
  BundleDevice,
  ContactAnswer,
  IncomingEnvelope,
  OwnKeys,
  ReceiptKey,
  SendAnswer,
  SessionEntry,
  SessionTokens,
  SignedKey,
} from './types'

const KEM_KEY_LENGTH = 1569

const key = (answer: Answer): PublicKey => answer.base64(33)

function username(answer: Answer): string {
  const text = answer.text()
  if (isUsername(text)) return text
  throw new RelayError('bad_answer', '$.username is not a user name')
}

export function readSession(body: unknown): SessionTokens {
  const answer = new Answer(body)
  return {
    user_id: answer.field('user_id').uuid(),
    device_id: answer.field('device_id').integer(),
    session_id: answer.field('session_id').uuid(),
    access_token: answer.field('access_token').text(),
    access_expires_at: answer.field('access_expires_at').integer(),
    refresh_token: answer.field('refresh_token').text(),
    refresh_expires_at: answer.field('refresh_expires_at').integer(),
  }
}

export function readSessions(body: unknown): SessionEntry[] {
  return new Answer(body).list((entry) => ({
    session_id: entry.field('session_id').uuid(),
    device_id: entry.field('device_id').integer(),
    created_at: entry.field('created_at').integer(),
    last_used_at: entry.field('last_used_at').integer(),
    current: entry.field('current').flag(),
  }))
}

export function readOwnKeys(body: unknown): OwnKeys {
  const answer = new Answer(body)
  return {
    device_id: answer.field('device_id').integer(),
    registration_id: answer.field('registration_id').integer(),
    fingerprint: answer.field('fingerprint').text(),
    signed_prekey_id: answer.field('signed_prekey_id').integer(),
    available: answer.field('available').integer(),
    kem: readOwnKem(answer),
    devices: answer.field('devices').list((device) => ({
      device_id: device.field('device_id').integer(),
      registration_id: device.field('registration_id').integer(),
      current: device.field('current').flag(),
    })),
  }
}

function readOwnKem(answer: Answer): OwnKeys['kem'] {
  const available = answer.field('kem_available')
  if (available.missing) return null
  const id = answer.field('kem_prekey_id')
  return { lastResort: id.missing ? null : id.integer(), available: available.integer() }
}

export function readContact(body: unknown): ContactAnswer {
  const answer = new Answer(body)
  return {
    userId: answer.field('user_id').uuid(),
    username: username(answer.field('username')),
    identityKey: key(answer.field('identity_key')),
  }
}

export function readBundle(body: unknown): BundleAnswer {
  return { ...readContact(body), devices: new Answer(body).field('devices').list(readDevice) }
}

function readDevice(device: Answer): BundleDevice {
  const signed = device.field('signed_prekey')
  const prekey = device.field('prekey')
  const kem = device.field('kem_prekey')
  return {
    deviceId: device.field('device_id').integer(),
    registrationId: device.field('registration_id').integer(),
    signedPrekey: readSigned(signed, 33),
    prekey: prekey.missing
      ? null
      : { id: prekey.field('id').integer(), key: key(prekey.field('key')) },
    kemPrekey: kem.missing ? null : readSigned(kem, KEM_KEY_LENGTH),
  }
}

const readSigned = (answer: Answer, length: number): SignedKey => ({
  id: answer.field('id').integer(),
  key: answer.field('key').base64(length),
  signature: answer.field('signature').base64(64),
})

export function readSendAnswer(body: unknown): SendAnswer {
  const answer = new Answer(body)
  return {
    accepted: answer.field('accepted').list((item) => ({
      device_id: item.field('device_id').integer(),
      seq: item.field('seq').integer(),
      ...readReceipt(item.field('receipt')),
    })),
    at: answer.field('at').integer(),
  }
}

/** Returns an empty receipt for a malformed one: the message was accepted and is not sent again. */
function readReceipt(answer: Answer): { receipt?: Bytes } {
  return answer.missing ? {} : { receipt: answer.binaryOrEmpty() }
}

export function readReceiptKeys(body: unknown): ReceiptKey[] {
  return new Answer(body).list((item) => ({
    kid: item.field('kid').text(),
    key: item.field('key').base64(32),
    from: item.field('from').integer(),
  }))
}

export function readEnvelopes(body: unknown): IncomingEnvelope[] {
  return new Answer(body).list((item) => ({
    seq: item.field('seq').integer(),
    id: item.field('id').text(),
    from: {
      user_id: item.field('from').field('user_id').uuid(),
      device_id: item.field('from').field('device_id').integer(),
    },
    kind: item.field('kind').text() === 'prekey' ? 'prekey' : 'message',
    body: item.field('body').binary(),
    at: item.field('at').integer(),
  }))
}
