/**
 * A relay in a few lines, honest unless told otherwise: what a malicious one could do is done by
 * its hooks. It speaks the wire contract to the real client; nothing of the client is replaced.
 */
import { equal, fromBase64, toBase64 } from '@/crypto/bytes'
import { fingerprint } from '@/crypto/contact/contact-code'
import type { HttpCall } from '@/wire/http'
import { RelayError, toRelayError } from '@/wire/errors'
import type { RelaySocket, SocketHandlers } from '@/wire/socket'
import type { IncomingEnvelope, SendPayload } from '@/wire/types'
import type { Wire } from '@/wire/wire'
import { tokensFor } from './test-relay-users'
import type { TestDevice, TestUser } from './test-relay-users'

type Json = Record<string, unknown>

export class TestRelay {
  readonly users = new Map<string, TestUser>()
  readonly sends: { from: string; payload: SendPayload }[] = []
  /** What a bundle or contact answer becomes on its way. */
  onAnswer: (path: string, answer: Json) => Json = (_path, answer) => answer
  /** What is put into the mailbox instead of an envelope. */
  onEnvelope: (envelope: IncomingEnvelope, to: TestUser, device: TestDevice) => IncomingEnvelope[] =
    (one) => [one]
  /** Before a `send` is looked at; may throw a RelayError. */
  beforeSend: (payload: SendPayload, attempt: number) => void = () => undefined
  /** After it was accepted; throwing loses the answer. */
  afterSend: (payload: SendPayload) => void = () => undefined
  private readonly seen = new Map<string, Json>()
  private attempts = 0

  /** `first` may hold a call, fail it, or answer it instead of the relay. */
  wire(first: (request: HttpCall) => Promise<unknown> = async () => undefined): Wire {
    return {
      call: async (request) => (await first(request)) ?? this.call(request),
      connect: (token, handlers) => this.connect(token, handlers),
    }
  }

  user(name: string): TestUser {
    const user = [...this.users.values()].find((one) => one.name === name)
    if (!user) throw new RelayError('not_found')
    return user
  }

  device(name: string, id?: number): TestDevice {
    const { devices } = this.user(name)
    const device = id === undefined ? [...devices.values()][0] : devices.get(id)
    if (!device) throw new Error(`${name} has no such device`)
    return device
  }

  /** Appends to a device's mailbox and pushes, as the relay does (or as an attacker would). */
  deliver(user: TestUser, device: TestDevice, envelope: Omit<IncomingEnvelope, 'seq'>): void {
    for (const one of this.onEnvelope({ ...envelope, seq: 0 }, user, device)) {
      const numbered = { ...one, seq: ++device.head, body: Uint8Array.from(one.body) }
      device.mailbox.push(numbered)
      device.socket?.envelopes([numbered])
    }
  }

  private call({ method, path, body, token }: HttpCall): unknown {
    const input = (body ?? {}) as Json
    const [, , first, second, third] = path.split(/[/?]/)
    const route = `${method} ${first}${second && first !== 'contacts' && first !== 'bundles' ? `/${second}` : ''}`
    if (route === 'POST accounts') return this.register(input)
    if (route === 'POST sessions') return this.login(input)
    if (route === 'POST sessions/refresh') return this.refresh(String(input['refresh_token']))
    const [user, deviceId] = this.who(token)
    switch (route) {
      case 'PUT keys':
        return this.publish(user, deviceId, input)
      case 'PUT keys/signed': {
        const device = user.devices.get(deviceId)
        if (device) device.signedPrekey = input['signed_prekey'] as TestDevice['signedPrekey']
        if (device && input['kem_prekey'])
          device.kemPrekey = input['kem_prekey'] as TestDevice['kemPrekey']
        return null
      }
      case 'POST keys/prekeys': {
        const device = user.devices.get(deviceId)
        device?.prekeys.push(...(input['prekeys'] as TestDevice['prekeys']))
        return { available: device?.prekeys.length ?? 0 }
      }
      case 'POST keys/kem': {
        const device = user.devices.get(deviceId)
        if (!device?.kemPrekey) throw new RelayError('invalid')
        device.kemPrekeys.push(...(input['prekeys'] as TestDevice['kemPrekeys']))
        return { available: device.kemPrekeys.length }
      }
      case 'GET keys':
        return this.ownKeys(user, deviceId)
      case 'GET sessions':
        return user.sessions.map((one) => ({ ...one, current: one.device_id === deviceId }))
      case 'DELETE sessions/current':
        return null
      case `DELETE devices/${second}`: {
        const id = Number(second)
        if (!user.devices.delete(id)) throw new RelayError('not_found')
        return null
      }
      case 'GET contacts':
        return this.onAnswer(path, this.contact(second, third))
      case 'GET bundles':
        return this.onAnswer(path, this.bundle(second, third, path))
      default:
        throw new RelayError('not_found', route)
    }
  }

  private register(input: Json) {
    const name = String(input['username'])
    if ([...this.users.values()].some((one) => one.name === name)) {
      throw new RelayError('username_taken')
    }
    const id = crypto.randomUUID()
    const password = String(input['password'])
    const rest = { identity: null, past: [], devices: new Map(), nextDevice: 1, sessions: [] }
    this.users.set(id, { id, name, password, ...rest })
    return this.session(id, 1)
  }

  private login(input: Json) {
    const user = this.user(String(input['username']))
    if (user.password !== input['password']) throw new RelayError('bad_credentials')
    const wanted = input['device_id'] as number | undefined
    if (wanted !== undefined && user.devices.has(wanted)) return this.session(user.id, wanted)
    return this.session(user.id, user.nextDevice)
  }

  private session(userId: string, deviceId: number) {
    const user = this.users.get(userId)
    if (user) user.nextDevice = Math.max(user.nextDevice, deviceId + 1)
    const sessionId = crypto.randomUUID()
    const at = Date.now()
    user?.sessions.push({
      session_id: sessionId,
      device_id: deviceId,
      created_at: at,
      last_used_at: at,
    })
    return tokensFor(userId, deviceId, sessionId)
  }

  private refresh(token: string) {
    const [userId = '', device] = token.split('/')
    const sessions = this.users.get(userId)?.sessions ?? []
    const session = sessions.findLast(({ device_id: id }) => id === Number(device))
    return tokensFor(userId, Number(device), session?.session_id ?? crypto.randomUUID())
  }

  private who(token: string | undefined): [TestUser, number] {
    const [userId, device] = (token ?? '').split('/')
    const user = this.users.get(userId ?? '')
    if (!user) throw new RelayError('unauthorized')
    return [user, Number(device)]
  }

  private publish(user: TestUser, deviceId: number, input: Json) {
    const identity = String(input['identity_key'])
    if (user.identity !== null && user.identity !== identity) {
      if (input['replace'] !== true) throw new RelayError('identity_conflict')
      user.past.push(user.identity)
      user.devices.clear()
    }
    user.identity = identity
    user.devices.set(deviceId, {
      id: deviceId,
      registrationId: Number(input['registration_id']),
      signedPrekey: input['signed_prekey'] as TestDevice['signedPrekey'],
      prekeys: [...(input['prekeys'] as TestDevice['prekeys'])],
      kemPrekey: (input['kem_prekey'] ?? null) as TestDevice['kemPrekey'],
      kemPrekeys: [...((input['kem_prekeys'] ?? []) as TestDevice['kemPrekeys'])],
      mailbox: [],
      head: 0,
      socket: null,
    })
    return { device_id: deviceId, fingerprint: fingerprint(fromBase64(identity)) }
  }

  private ownKeys(user: TestUser, deviceId: number) {
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

  private contact(name = '', print = ''): Json {
    const user = this.user(name)
    const shown = fingerprint(fromBase64(user.identity ?? ''))
    if (shown !== print) {
      const before = user.past.some((one) => fingerprint(fromBase64(one)) === print)
      if (!before) throw new RelayError('not_found')
      throw toRelayError({ code: 'identity_changed', identity_key: user.identity })
    }
    return { user_id: user.id, username: user.name, identity_key: user.identity }
  }

  private bundle(name: string | undefined, print: string | undefined, path: string): Json {
    const contact = this.contact(name, print)
    const some = /devices=([\d,]+)/.exec(path)?.[1]?.split(',').map(Number)
    const devices = [...this.user(name ?? '').devices.values()]
      .filter((one) => !some || some.includes(one.id))
      .map((one) => ({
        device_id: one.id,
        registration_id: one.registrationId,
        signed_prekey: one.signedPrekey,
        prekey: one.prekeys.shift() ?? null,
        kem_prekey: one.kemPrekeys.shift() ?? one.kemPrekey,
      }))
    return { ...contact, devices }
  }

  private connect(token: string, on: SocketHandlers): RelaySocket {
    const [user, deviceId] = this.who(token)
    const device = user.devices.get(deviceId)
    queueMicrotask(() => {
      if (!device) return on.refused(new RelayError('device_inactive'))
      device.socket = on
      on.opened()
      if (device.mailbox.length > 0) on.envelopes([...device.mailbox])
      on.caughtUp(device.head)
    })
    return {
      send: async (payload) => this.send(user, deviceId, payload),
      ack: async (upto) => {
        if (device) device.mailbox = device.mailbox.filter((one) => one.seq > upto)
      },
      watch: async () => [],
      ephemeral: async () => undefined,
      refresh: async () => undefined,
      close: () => {
        if (device?.socket === on) device.socket = null
      },
    }
  }

  /** Ends a device's connection, as a crash would. */
  drop(name: string): void {
    const device = this.device(name)
    const { socket } = device
    device.socket = null
    socket?.closed(null)
  }

  private send(from: TestUser, deviceId: number, payload: SendPayload) {
    this.sends.push({ from: from.name, payload })
    this.beforeSend(payload, ++this.attempts)
    const key = `${from.id}/${payload.id}`
    if (!this.seen.has(key)) this.seen.set(key, this.accept(from, deviceId, payload))
    this.afterSend(payload)
    return this.seen.get(key) as never
  }

  private accept(from: TestUser, deviceId: number, payload: SendPayload): Json {
    const to = this.users.get(payload.to)
    if (!to) throw new RelayError('not_found')
    const active = [...to.devices.values()].filter((one) => to !== from || one.id !== deviceId)
    const given = new Map(payload.envelopes.map((one) => [one.device_id, one]))
    const missing = active.filter((one) => !given.has(one.id)).map((one) => one.id)
    const extra = [...given.keys()].filter((id) => !active.some((one) => one.id === id))
    const stale = active
      .filter(
        (one) => given.has(one.id) && given.get(one.id)?.registration_id !== one.registrationId,
      )
      .map((one) => one.id)
    if (missing.length + extra.length + stale.length > 0) {
      throw toRelayError({ code: 'device_mismatch', missing, extra, stale })
    }
    const at = Date.now()
    const sender = { user_id: from.id, device_id: deviceId }
    for (const device of active) {
      const one = given.get(device.id)
      if (one)
        this.deliver(to, device, {
          id: payload.id,
          from: sender,
          kind: one.kind,
          body: one.body,
          at,
        })
    }
    return { accepted: active.map((one) => ({ device_id: one.id, seq: one.head })), at }
  }
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => equal(a, b)
export const base64 = toBase64
