/** One attempt to bring an outbox entry to the relay, and what its answer means. */
import { counts, outboxEntries } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import { identityText } from '@/crypto/contact/contact-code'
import { RelayError } from '@/wire/errors'
import type { SendAnswer } from '@/wire/types'
import { delay } from '@/messenger/core/backoff'
import { isMessage } from '@/messenger/contents/registry'
import type { Content } from '@/messenger/contents/registry'
import { localIdentity } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import type { UserId } from '@/messenger/contract'
import type { KeyWatch } from '@/messenger/keys/key-watch'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import type { DeviceRef, OutboxRecord } from '@/messenger/core/records'
import { KeyChanged, SessionsMissing } from '@/messenger/keys/sessions'
import type { Sessions } from '@/messenger/keys/sessions'
import type { Later, SendOutcome } from './send-outcome'
import type { SignedReceipts } from './signed-receipts'
import type { Target, Targets } from '@/messenger/keys/targets'

const sendBackoff = { first: 1_000, factor: 2, most: 30_000 }
/** The list of one's own devices ends this wait. */
const listAwaited: SendOutcome = { type: 'later', wait: 2_000, problem: null }
const MAILBOX_WAIT = 60_000
/** A message is adapted to other devices this many times at once, then with waits, then set aside. */
const ADAPTED_AT_ONCE = 4
const ADAPTED_AT_ALL = 8

export class Delivery {
  /** Attempts in a row that came to nothing, by recipient. */
  private readonly failures = new Map<UserId, number>()
  /** By entry: how often it was refused, though it was adapted each time. */
  private readonly mismatches = new Map<number, number>()

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly targets: Targets,
    private readonly sessions: Sessions,
    private readonly keys: KeyWatch,
    private readonly signed: SignedReceipts,
  ) {}

  async attempt(entry: OutboxRecord): Promise<SendOutcome> {
    const target = this.targets.get(entry.to)
    const own = entry.to === this.core.account.userId
    if (!target) return { type: 'never', problem: 'recipient_gone' }
    const person = this.people.all.get(entry.to)
    if (person?.changed) return { type: 'hold', problem: 'identity_changed' }
    if (own && this.targets.ownUnknown) return listAwaited
    if (!own && !(person && mayWriteTo(person))) return { type: 'hold', problem: null }
    try {
      if (!entry.envelopes) return await this.prepare(entry, target)
      if (entry.envelopes.length === 0) {
        // One's own other devices are gone: nobody is left to tell.
        if (own) return { type: 'accepted', at: this.core.now(), receipts: [] }
        return await this.encryptAgain(entry, target)
      }
      return await this.send(entry)
    } catch (error) {
      return this.explain(error, entry, target)
    }
  }

  content(entry: OutboxRecord, n: number, m: number | undefined): Content {
    const { account } = this.core
    return {
      v: 1,
      id: entry.contentId,
      from: {
        user_id: account.userId,
        device_id: account.deviceId,
        username: account.username,
        identity: identityText(localIdentity(this.core).publicKey),
        ...(account.kem?.published && { pq: 1 as const }),
      },
      to: entry.to,
      n,
      ...(m !== undefined && { m }),
      sent_at: entry.sentAt,
      ...(entry.again !== undefined && { again: entry.again }),
      ...entry.body,
    }
  }

  private async prepare(entry: OutboxRecord, target: Target): Promise<SendOutcome> {
    const own = target.userId === this.core.account.userId
    const known = own || target.devices?.length ? target.devices : null
    const devices = known ?? (await this.sessions.start(target))
    if (devices.length === 0 && !own) {
      return { type: 'later', wait: this.backoff(entry.to), problem: 'no_devices' }
    }
    const receipt = await this.signed.wanted(entry)
    const prepared = await this.sessions.serial.run(async (turn) => {
      const stored = await this.stored(turn, entry)
      // A part that has stopped since was faster: encrypting again would use up a second counter.
      if (!stored || stored.envelopes) return stored
      const changes = new TurnChanges(turn)
      const { n, m } = await this.count(changes, entry)
      const content = this.content(entry, n, m)
      const envelopes = await this.sessions.encrypt(changes, target, devices, content)
      const record = { ...entry, envelopes, n, ...(m !== undefined && { m }), receipt }
      await this.core.store.commit(changes.put('outbox', entry.key, record))
      return record
    })
    return prepared ? { type: 'prepared', entry: prepared } : { type: 'gone' }
  }

  /** The next number; that which it had of what is sent again. */
  private async count(
    changes: TurnChanges,
    entry: OutboxRecord,
  ): Promise<{ n: number; m: number | undefined }> {
    if (entry.again !== undefined && entry.n !== null) return { n: entry.n, m: entry.m }
    const n = ((await this.core.store.get(counts, `out/${entry.to}`)) ?? 0) + 1
    changes.put('counters', `out/${entry.to}`, n)
    return { n, m: await this.countText(changes, entry, n) }
  }

  /** Undefined while it is not known how many there were: an older version counted everything alike. */
  private async countText(
    changes: TurnChanges,
    { to, body }: OutboxRecord,
    n: number,
  ): Promise<number | undefined> {
    const key = `out/${to}/texts`
    const before = (await this.core.store.getSpare(counts, key)) ?? (n === 1 ? 0 : null)
    if (before === null) return undefined
    const m = before + (isMessage(body) ? 1 : 0)
    changes.put('counters', key, m)
    return m
  }

  /** As it lies in the outbox; null when it was deleted or renewed. */
  private async stored(_turn: Turn, entry: OutboxRecord): Promise<OutboxRecord | null> {
    const stored = await this.core.store.get(outboxEntries, entry.key)
    return stored?.id === entry.id ? stored : null
  }

  private async send(entry: OutboxRecord): Promise<SendOutcome> {
    const { socket, log } = this.core
    if (!socket) return { type: 'hold', problem: null }
    const { id, to, envelopes } = entry
    const asks = entry.receipt ? { receipt: true as const } : {}
    let answer: SendAnswer
    try {
      answer = await socket.send({ id, to, envelopes: envelopes ?? [], ...asks })
    } catch (error) {
      if (!(error instanceof RelayError) || error.code !== 'rate_limited') throw error
      return { ...this.limited(to, error), everyone: true }
    }
    this.failures.delete(to)
    this.mismatches.delete(entry.key)
    const receipts = entry.receipt ? await this.signed.checked(entry, answer, log) : []
    return { type: 'accepted', at: answer.at, receipts }
  }

  private async explain(error: unknown, entry: OutboxRecord, target: Target): Promise<SendOutcome> {
    if (error instanceof KeyChanged) {
      await this.keys.seen(target.userId, error.identity)
      return { type: 'hold', problem: 'identity_changed' }
    }
    if (error instanceof SessionsMissing) return this.startMissing(entry, target, error.devices)
    // Among them a fault of the engine: counted by the outbox.
    if (!(error instanceof RelayError)) throw error
    switch (error.code) {
      case 'device_mismatch':
        return this.disagreed(entry, target, error)
      case 'rate_limited':
        return this.limited(entry.to, error)
      case 'mailbox_full':
        return { type: 'later', wait: error.retryAfter ?? MAILBOX_WAIT, problem: 'mailbox_full' }
      case 'not_found':
        return { type: 'never', problem: 'recipient_gone' }
      case 'invalid':
      case 'too_large':
        return { type: 'never', problem: 'refused' }
      default:
        // No answer means unknown: the identical call is made again.
        return { type: 'later', wait: error.retryAfter ?? this.backoff(entry.to), problem: null }
    }
  }

  private async startMissing(
    entry: OutboxRecord,
    target: Target,
    devices: number[],
  ): Promise<SendOutcome> {
    try {
      await this.sessions.start(target, devices, true)
      return { type: 'prepared', entry }
    } catch (error) {
      if (error instanceof SessionsMissing) throw error
      return this.explain(error, entry, target)
    }
  }

  /** Nothing was accepted: ciphertexts of unchanged devices stay as they are. */
  private async adapt(
    entry: OutboxRecord,
    target: Target,
    error: RelayError,
  ): Promise<SendOutcome> {
    const [missing, extra, stale] = ['missing', 'extra', 'stale'].map((name) =>
      numbers(error.details[name]),
    ) as [number[], number[], number[]]
    const wanted = [...missing, ...stale]
    const gone = new Set([...extra, ...stale])
    const known = (target.devices ?? []).filter(({ deviceId }) => !gone.has(deviceId))
    try {
      let devices: DeviceRef[] = known
      if (wanted.length > 0) {
        devices = await this.sessions.start({ ...target, devices: known }, wanted, true)
      } else {
        await this.targets.saveDevices(target.userId, known)
      }
      return await this.encryptFor(entry, target, devices, new Set([...gone, ...wanted]))
    } catch (failure) {
      if (failure instanceof RelayError && failure.code === 'device_mismatch') throw failure
      return this.explain(failure, entry, target)
    }
  }

  private async encryptFor(
    entry: OutboxRecord,
    target: Target,
    devices: DeviceRef[],
    replaced: ReadonlySet<number>,
  ): Promise<SendOutcome> {
    const added = devices.filter(({ deviceId }) => replaced.has(deviceId))
    const record = await this.sessions.serial.run(async (turn) => {
      if (!(await this.stored(turn, entry))) return null
      const changes = new TurnChanges(turn)
      const content = this.content(entry, entry.n ?? 0, entry.m)
      const fresh = await this.sessions.encrypt(changes, target, added, content)
      const kept = (entry.envelopes ?? []).filter((one) => !replaced.has(one.device_id))
      const updated = { ...entry, envelopes: [...kept, ...fresh] }
      await this.core.store.commit(changes.put('outbox', entry.key, updated))
      return updated
    })
    if (!record) return { type: 'gone' }
    const unmet = [...replaced].some((id) => !devices.some(({ deviceId }) => deviceId === id))
    const same = added.length === 0 && record.envelopes.length === entry.envelopes?.length
    if (same && unmet) return { type: 'later', wait: this.backoff(entry.to), problem: 'no_devices' }
    return { type: 'prepared', entry: record }
  }

  /** Every device that it was encrypted for is gone: encrypts for the present devices. */
  private async encryptAgain(entry: OutboxRecord, target: Target): Promise<SendOutcome> {
    const devices = await this.sessions.start(target)
    if (devices.length === 0)
      return { type: 'later', wait: this.backoff(entry.to), problem: 'no_devices' }
    return this.encryptFor(entry, target, devices, new Set(devices.map((one) => one.deviceId)))
  }

  /** The relay refused the list of devices. */
  private async disagreed(
    entry: OutboxRecord,
    target: Target,
    error: RelayError,
  ): Promise<SendOutcome> {
    const times = (this.mismatches.get(entry.key) ?? 0) + 1
    this.mismatches.set(entry.key, times)
    if (times > ADAPTED_AT_ALL) {
      this.mismatches.delete(entry.key)
      return { type: 'aside' }
    }
    const outcome = await this.adapt(entry, target, error)
    if (times <= ADAPTED_AT_ONCE || outcome.type !== 'prepared') return outcome
    return { ...outcome, wait: this.backoff(entry.to) }
  }

  /** A call for keys was refused: others, whose sessions stand, need not wait. */
  private limited(to: UserId, { retryAfter }: RelayError): Later {
    return { type: 'later', wait: retryAfter ?? this.backoff(to), problem: 'rate_limited' }
  }

  private backoff(to: UserId): number {
    const failures = this.failures.get(to) ?? 0
    this.failures.set(to, failures + 1)
    return delay(sendBackoff, failures)
  }
}

const numbers = (value: unknown): number[] =>
  Array.isArray(value) ? value.filter((item) => Number.isInteger(item)) : []
