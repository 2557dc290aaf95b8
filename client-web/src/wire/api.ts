import { toBase64 } from '@/crypto/bytes'
import { Answer } from './check'
import { RelayError } from './errors'
import type { HttpCall } from './http'
import {
  readBundle,
  readContact,
  readOwnKeys,
  readReceiptKeys,
  readSession,
  readSessions,
} from './read'
import type { Calls } from './wire'
import type {
  BundleAnswer,
  ContactAnswer,
  KeysUpload,
  OwnKeys,
  ReceiptKey,
  SessionEntry,
  SessionTokens,
  SignedKey,
} from './types'

/** Calls that need no session. */
export class PublicApi {
  constructor(private readonly wire: Calls) {}

  async register(username: string, password: string): Promise<SessionTokens> {
    return readSession(await this.post('/v1/accounts', { username, password }))
  }
  /** With `deviceId` the session is for that device, if it is still active. */
  async login(username: string, password: string, deviceId?: number): Promise<SessionTokens> {
    const device = deviceId === undefined ? {} : { device_id: deviceId }
    return readSession(await this.post('/v1/sessions', { username, password, ...device }))
  }
  /** By the word of an old device; a new device number. */
  async loginByGrant(grant: string): Promise<SessionTokens> {
    return readSession(await this.post('/v1/sessions', { grant }))
  }
  async refresh(refreshToken: string): Promise<SessionTokens> {
    return readSession(await this.post('/v1/sessions/refresh', { refresh_token: refreshToken }))
  }
  /** Ends a session that was just created and is not needed. */
  async revoke({ access_token: token }: SessionTokens): Promise<void> {
    await this.wire.call({ method: 'DELETE', path: '/v1/sessions/current', token })
  }
  private post(path: string, body: unknown): Promise<unknown> {
    return this.wire.call({ method: 'POST', path, body })
  }
}

interface Tokens {
  access(): Promise<string>
  renew(): Promise<string>
  relayTime(): number
}

/** Calls of a logged-in device. */
export class RelayApi {
  constructor(
    private readonly wire: Calls,
    private readonly tokens: Tokens,
  ) {}

  /** The relay's wall clock, ms. */
  relayTime(): number {
    return this.tokens.relayTime()
  }

  /** For calls that are made elsewhere; `renew`: the last one was refused. @throws RelayError */
  token(renew: boolean): Promise<string> {
    return renew ? this.tokens.renew() : this.tokens.access()
  }

  async publishKeys(keys: KeysUpload): Promise<void> {
    await this.call('PUT', '/v1/keys', {
      registration_id: keys.registrationId,
      identity_key: toBase64(keys.identityKey),
      signed_prekey: signedKey(keys.signedPrekey),
      prekeys: keys.prekeys.map(({ id, key }) => ({ id, key: toBase64(key) })),
      kem_prekey: signedKey(keys.kemPrekey),
      kem_prekeys: keys.kemPrekeys.map((one) => signedKey(one)),
      replace: keys.replace,
    })
  }
  /** Both are replaced together. */
  async setSignedPrekey(key: SignedKey, lastResort: SignedKey): Promise<void> {
    const body = { signed_prekey: signedKey(key), kem_prekey: signedKey(lastResort) }
    await this.call('PUT', '/v1/keys/signed', body)
  }
  /** Returns the number of prekeys at the relay. */
  async addPrekeys(prekeys: KeysUpload['prekeys']): Promise<number> {
    const body = { prekeys: prekeys.map(({ id, key }) => ({ id, key: toBase64(key) })) }
    return new Answer(await this.call('POST', '/v1/keys/prekeys', body))
      .field('available')
      .integer()
  }
  /** Returns the number of KEM prekeys at the relay. */
  async addKemPrekeys(prekeys: readonly SignedKey[]): Promise<number> {
    const body = { prekeys: prekeys.map((one) => signedKey(one)) }
    return new Answer(await this.call('POST', '/v1/keys/kem', body)).field('available').integer()
  }
  async ownKeys(): Promise<OwnKeys> {
    return readOwnKeys(await this.call('GET', '/v1/keys'))
  }
  async contact(username: string, fingerprint: string): Promise<ContactAnswer> {
    return readContact(await this.call('GET', `/v1/contacts/${username}/${fingerprint}`))
  }
  /** Consumes one one-time prekey of each requested device. */
  async bundle(username: string, fingerprint: string, devices?: number[]): Promise<BundleAnswer> {
    const some = devices ? `?devices=${devices.join(',')}` : ''
    return readBundle(await this.call('GET', `/v1/bundles/${username}/${fingerprint}${some}`))
  }
  async receiptKeys(): Promise<ReceiptKey[]> {
    return readReceiptKeys(await this.call('GET', '/v1/receipts/keys'))
  }
  async sessions(): Promise<SessionEntry[]> {
    return readSessions(await this.call('GET', '/v1/sessions'))
  }
  async endSession(id: string): Promise<void> {
    await this.call('DELETE', `/v1/sessions/${id}`)
  }
  async removeDevice(id: number): Promise<void> {
    await this.call('DELETE', `/v1/devices/${id}`)
  }
  /** Lets one new device log in, once, within two minutes. */
  async grantDevice(password: string): Promise<string> {
    return new Answer(await this.call('POST', '/v1/devices/grants', { password }))
      .field('grant')
      .text()
  }
  async changePassword(password: string, next: string): Promise<void> {
    await this.call('PUT', '/v1/account/password', { password, new_password: next })
  }
  async deleteAccount(password: string): Promise<void> {
    await this.call('DELETE', '/v1/account', { password })
  }

  private call(method: HttpCall['method'], path: string, body?: unknown): Promise<unknown> {
    const request = { method, path, ...(body !== undefined && { body }) }
    return this.withToken((token) => this.wire.call({ ...request, token }))
  }

  /** `work` with the session's token; once more with a renewed one if it is refused. */
  async withToken<T>(work: (token: string) => Promise<T>): Promise<T> {
    try {
      return await work(await this.tokens.access())
    } catch (error) {
      const stale =
        error instanceof RelayError &&
        (error.code === 'token_expired' || error.code === 'unauthorized')
      if (!stale) throw error
      return work(await this.tokens.renew())
    }
  }
}

function signedKey({ id, key, signature }: SignedKey) {
  return { id, key: toBase64(key), signature: toBase64(signature) }
}
