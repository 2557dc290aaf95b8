/**
 * Receipts that the relay signs for messages accepted from this device: asked for where the person
 * wants them, checked when they come, and kept with the message. A receipt that is not signed
 * rightly is a line in the security log, and nothing else: the message goes its way all the same.
 */
import { receiptKeys } from '@/messenger/core/stored-records'
import { toBase64, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { Changes } from '@/storage/changes'
import { RelayError } from '@/wire/errors'
import type { ReceiptKey, SendAnswer } from '@/wire/types'
import type { Core } from '@/messenger/core/core'
import type { SignedReceiptRecord } from '@/messenger/core/message-record'
import type { OutboxRecord } from '@/messenger/core/records'
import type { SecurityLog } from '@/messenger/keys/security-log'

const KID_BYTES = 8
const RECEIPT_BYTES = 72

export class SignedReceipts {
  /** By kid, as first seen: a key is never exchanged under its name. */
  private keys = new Map<string, ReceiptKey>()
  private fetching: Promise<void> | null = null
  /** An unknown key was asked for in this connection. */
  private searched = false

  constructor(
    private readonly core: Core,
    private readonly log: SecurityLog,
  ) {}

  async load(): Promise<void> {
    const kept = (await this.core.store.getSpare(receiptKeys, 'receipt_keys')) ?? []
    this.keys = new Map(kept.map((key) => [key.kid, key]))
  }

  /** The keys may be asked for again, and are at hand before the first message needs them. */
  async connected(): Promise<void> {
    this.fetching = null
    this.searched = false
    if (this.core.settings.signedReceipts) await this.known()
  }

  /** Whether this entry's call asks for receipts. Not of a relay that has none to check them with. */
  async wanted(entry: OutboxRecord): Promise<boolean> {
    if (!entry.message || !this.core.settings.signedReceipts || !this.core.log) return false
    await this.known()
    return this.keys.size > 0
  }

  /** Those of the answer that the relay signed, under the log named `log`. */
  async checked(
    entry: OutboxRecord,
    answer: SendAnswer,
    log: string | null,
  ): Promise<SignedReceiptRecord[]> {
    const good: SignedReceiptRecord[] = []
    let refused = 0
    for (const { device_id: device, seq, receipt } of answer.accepted) {
      if (!receipt) continue
      const envelope = entry.envelopes?.find((one) => one.device_id === device)
      const digest = envelope ? await digestOf(envelope.body) : ''
      const { id, to: userId } = entry
      const facts = { log: log ?? '', userId, device, seq, id, digest, at: answer.at }
      if (await this.isSigned(facts, receipt)) {
        good.push({ ...facts, receipt: toBase64(receipt) })
      } else {
        refused += 1
      }
    }
    if (refused > 0) await this.log.add('receipt_refused', { userId: entry.to, count: refused })
    return good
  }

  private async isSigned(facts: Facts, receipt: Bytes): Promise<boolean> {
    if (receipt.length !== RECEIPT_BYTES || !facts.log || !facts.digest) return false
    const key = await this.key(hex(receipt.slice(0, KID_BYTES)))
    if (!key) return false
    return this.core.engine.isSigned(key, signedText(facts), receipt.slice(KID_BYTES))
  }

  private async key(kid: string): Promise<Bytes | null> {
    await this.known()
    if (!this.keys.has(kid) && !this.searched) {
      this.searched = true
      await this.fetch()
    }
    return this.keys.get(kid)?.key ?? null
  }

  private async known(): Promise<void> {
    if (this.keys.size > 0) return
    this.fetching ??= this.fetch()
    await this.fetching
  }

  /** An unreachable relay is asked again for the next message; one without receipts is not. */
  private async fetch(): Promise<void> {
    try {
      const fresh = await this.core.api.receiptKeys()
      const keys = new Map([...fresh.map((key) => [key.kid, key] as const), ...this.keys])
      await this.core.store.commit(new Changes().put('records', 'receipt_keys', [...keys.values()]))
      this.keys = keys
    } catch (error) {
      if (!(error instanceof RelayError)) throw error
      if (error.code !== 'not_found') this.fetching = null
    }
  }
}

type Facts = Omit<SignedReceiptRecord, 'receipt'>

/** Returns the bytes that the relay signs, as PROTOCOL defines them in "The relay's log". */
export function signedText({ log, userId, device, seq, id, digest, at }: Facts): Bytes {
  const lines = ['sealstream receipt 1', log, userId, device, seq, id, digest, at]
  return utf8(lines.map((line) => `${line}\n`).join(''))
}

/** As `sealstream replay verify-receipt` takes it. */
export function receiptFile(receipts: readonly SignedReceiptRecord[]): Blob {
  const rows = receipts.map(({ userId, device, ...rest }) => ({
    ...rest,
    user_id: userId,
    device_id: device,
  }))
  const text = JSON.stringify({ format: 'sealstream receipts 1', receipts: rows }, null, 2)
  return new Blob([`${text}\n`], { type: 'application/json' })
}

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

const digestOf = async (body: Bytes): Promise<string> =>
  hex(new Uint8Array(await crypto.subtle.digest('SHA-256', body)))
