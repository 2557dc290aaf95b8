import { fromBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { RelayError } from './errors'

/**
 * Reads a relay's answer, which is not trusted to follow the contract. A missing field or one of another type is a
 * `bad_answer` with the path of the field.
 */
export class Answer {
  constructor(
    private readonly value: unknown,
    private readonly path = '$',
  ) {}

  private fail(expected: string): never {
    throw new RelayError('bad_answer', `${this.path} is not ${expected}`)
  }
  field(name: string): Answer {
    if (typeof this.value !== 'object' || this.value === null) this.fail('an object')
    return new Answer((this.value as Record<string, unknown>)[name], `${this.path}.${name}`)
  }
  get missing(): boolean {
    return this.value === null || this.value === undefined
  }
  text(): string {
    return typeof this.value === 'string' ? this.value : this.fail('a string')
  }
  uuid(): string {
    const text = this.text()
    return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : this.fail('a UUID')
  }
  integer(): number {
    return Number.isSafeInteger(this.value) ? (this.value as number) : this.fail('an integer')
  }
  flag(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.fail('a boolean')
  }
  list<T>(read: (item: Answer) => T): T[] {
    if (!Array.isArray(this.value)) this.fail('a list')
    return this.value.map((item, index) => read(new Answer(item, `${this.path}[${index}]`)))
  }
  base64(length?: number): Bytes {
    let bytes: Bytes
    try {
      bytes = fromBase64(this.text())
    } catch {
      this.fail('base64')
    }
    if (length !== undefined && bytes.length !== length) this.fail(`${length} bytes`)
    return bytes
  }
  /** A MessagePack `bin`, copied: the decoder's array is a view of the whole frame. */
  binary(): Bytes {
    return this.value instanceof Uint8Array ? Uint8Array.from(this.value) : this.fail('binary')
  }
  binaryOrEmpty(): Bytes {
    return this.value instanceof Uint8Array ? Uint8Array.from(this.value) : new Uint8Array(0)
  }
}
