/**
 * The mailbox in which a new and an old device of an account take turns (PROTOCOL, "Linking a device"). A letter
 * replaces the one that was seen last, or nothing.
 */
import { toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { Answer } from './check'
import { RelayError } from './errors'
import type { HttpAnswer } from './http'
import type { Calls } from './wire'

/** A call waits this long at the relay, and a slow line takes its time, ms. */
const LONGEST_WAIT = 45_000
const PAUSE = 1_000
/** After so many calls without answer, one after the other, there is no connection. */
const MOST_CUTS = 5

export class LinkMailbox {
  private tag: string | null = null

  constructor(
    private readonly wire: Calls,
    readonly id: string,
    private readonly signal: AbortSignal,
  ) {}

  /** A new mailbox: its id. */
  static async create(wire: Calls): Promise<string> {
    const answer = new Answer(await wire.call({ method: 'POST', path: '/v1/links' }))
    const id = answer.field('link_id').text()
    if (!/^[\w-]{1,100}$/.test(id)) throw new RelayError('bad_answer', '$.link_id')
    return id
  }

  /** The letter in it; null while nobody wrote. */
  async look(): Promise<Bytes | null> {
    return this.note(await this.get())
  }

  /** Waits for another letter than the one seen last. @throws RelayError `not_found`: its time is over */
  async next(): Promise<Bytes> {
    const letter = await this.nextWithin(Infinity)
    if (!letter) throw new RelayError('not_found')
    return letter
  }

  /** Null when `most` ms are over. */
  async nextWithin(most: number): Promise<Bytes | null> {
    const begun = performance.now()
    for (let cuts = 0; performance.now() - begun < most;) {
      this.signal.throwIfAborted()
      try {
        const answer = await this.get()
        cuts = 0
        const body = answer.status === 304 ? null : this.note(answer)
        if (body) return body
      } catch (error) {
        const passing =
          error instanceof RelayError &&
          ['no_answer', 'unavailable', 'rate_limited'].includes(error.code)
        this.signal.throwIfAborted()
        if (!passing || ++cuts > MOST_CUTS) throw error
        await new Promise((done) => setTimeout(done, error.retryAfter ?? PAUSE))
      }
    }
    return null
  }

  /** Replaces the letter seen last. @throws RelayError `conflict`: somebody else wrote; `not_found` */
  async write(body: Bytes): Promise<void> {
    const answer = await this.wire.exchange({
      method: 'PUT',
      path: this.path,
      headers: { 'Content-Type': 'application/json', ...(this.tag && { 'If-Match': this.tag }) },
      body: JSON.stringify({ body: toBase64(body) }),
      signal: this.signal,
    })
    this.tag = answer.headers.get('ETag')
  }

  private get path(): string {
    return `/v1/links/${this.id}`
  }

  private get(): Promise<HttpAnswer> {
    return this.wire.exchange({
      method: 'GET',
      path: this.path,
      headers: this.tag ? { 'If-None-Match': this.tag } : {},
      timeout: LONGEST_WAIT,
      signal: this.signal,
    })
  }

  private note({ headers, body }: HttpAnswer): Bytes | null {
    this.tag = headers.get('ETag')
    let letter: unknown
    try {
      letter = JSON.parse(new TextDecoder().decode(body))
    } catch {
      throw new RelayError('bad_answer', 'the letter is not JSON')
    }
    const field = new Answer(letter).field('body')
    return field.missing ? null : field.base64()
  }
}
