/** Places of sealed secrets: the kind of a secret and its owner. A secret opens at its own place only. */
import { toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import type { DeviceAddress, PublicKey } from '@/crypto/protocol/protocol'

export const ofIdentity = (key: PublicKey): string => `identity ${toBase64(key)}`
export const ofPrekey = (id: number): string => `prekey ${id}`
export const ofSignedPrekey = (id: number): string => `signed prekey ${id}`
export const ofKemPrekey = (id: number): string => `kem prekey ${id}`
export const ofSession = ({ userId, deviceId }: DeviceAddress): string =>
  `session ${userId}.${deviceId}`
export const ofRest = (remote: DeviceAddress, link: Bytes): string =>
  `${ofSession(remote)} rest ${toBase64(link)}`
