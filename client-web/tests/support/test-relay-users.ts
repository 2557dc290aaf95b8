/** Accounts, devices and sessions as the test relay keeps them. */
import { fromBase64 } from '@/crypto/bytes'
import { fingerprint } from '@/crypto/contact/contact-code'
import { RelayError } from '@/wire/errors'
import type { SocketHandlers } from '@/wire/socket'
import type { IncomingEnvelope } from '@/wire/types'

export interface TestDevice {
  id: number
  registrationId: number
  signedPrekey: { id: number; key: string; signature: string }
  prekeys: { id: number; key: string }[]
  /** The last resort; null for a device that published none. */
  kemPrekey: TestDevice['signedPrekey'] | null
  kemPrekeys: TestDevice['signedPrekey'][]
  mailbox: IncomingEnvelope[]
  head: number
  socket: SocketHandlers | null
}

export interface TestUser {
  id: string
  name: string
  password: string
  /** base64 */
  identity: string | null
  past: string[]
  devices: Map<number, TestDevice>
  nextDevice: number
  sessions: { session_id: string; device_id: number; created_at: number; last_used_at: number }[]
}

/** What the relay answers to a log-in. */
export function tokensFor(userId: string, deviceId: number, sessionId: string) {
  return {
    user_id: userId,
    device_id: deviceId,
    session_id: sessionId,
    access_token: `${userId}/${deviceId}`,
    access_expires_at: Date.now() + 900_000,
    refresh_token: `${userId}/${deviceId}`,
    refresh_expires_at: Date.now() + 1e9,
  }
}

export function ownKeysOf(user: TestUser, deviceId: number) {
  const device = user.devices.get(deviceId)
  if (!device) throw new RelayError('device_inactive')
  return {
    device_id: deviceId,
    registration_id: device.registrationId,
    fingerprint: fingerprint(fromBase64(user.identity ?? '')),
    signed_prekey_id: device.signedPrekey.id,
    available: device.prekeys.length,
    kem_prekey_id: device.kemPrekey?.id ?? null,
    kem_available: device.kemPrekeys.length,
    devices: [...user.devices.values()].map((one) => ({
      device_id: one.id,
      registration_id: one.registrationId,
      current: one.id === deviceId,
    })),
  }
}
