/** Link mailboxes and grants of the test relay; what a lying relay does is done by the hooks. */
import { fromBase64, toBase64 } from '@/crypto/bytes'
import { RelayError } from '@/wire/errors'
import type { HttpAnswer, HttpExchange } from '@/wire/http'

interface Letter {
  version: number
  body: Uint8Array<ArrayBuffer> | null
}

export const idOf = (length = 43): string =>
  Array.from({ length }, () => 'abcdefghijklmnop'[Math.floor(Math.random() * 16)]).join('')

const answer = (
  status: number,
  headers: Record<string, string> = {},
  body: unknown = null,
): HttpAnswer => ({
  status,
  headers: new Headers(headers),
  body:
    body instanceof Uint8Array
      ? Uint8Array.from(body)
      : new TextEncoder().encode(JSON.stringify(body)),
})

export class TestLinks {
  readonly letters = new Map<string, Letter>()
  readonly grants = new Map<string, { user: string }>()
  /** What a letter becomes before it lies in its mailbox; null: it never does. */
  onLetter: (body: Uint8Array<ArrayBuffer>, nth: number) => Uint8Array<ArrayBuffer> | null = (
    body,
  ) => body
  private written = 0

  open() {
    const id = idOf()
    this.letters.set(id, { version: 0, body: null })
    return { link_id: id, expires_at: Date.now() + 120_000 }
  }

  grant(user: string) {
    const grant = idOf()
    this.grants.set(grant, { user })
    return { grant, expires_at: Date.now() + 120_000 }
  }

  /** Whose it is; it is used up. */
  use(grant: string): string {
    const granted = this.grants.get(grant)
    this.grants.delete(grant)
    if (!granted) throw new RelayError('bad_credentials')
    return granted.user
  }

  async exchange(request: HttpExchange): Promise<HttpAnswer> {
    const [, , kind, id = ''] = request.path.split('/')
    if (kind === 'links') return this.link(request, id)
    throw new RelayError('not_found')
  }

  private async link(request: HttpExchange, id: string): Promise<HttpAnswer> {
    const letter = (): Letter => {
      const found = this.letters.get(id)
      if (!found) throw new RelayError('not_found')
      return found
    }
    const tag = (version: number) => ({ ETag: `"${version}"` })
    if (request.method === 'PUT') {
      const { version } = letter()
      if (request.headers?.['If-Match'] !== `"${version}"`) throw new RelayError('conflict')
      const { body } = JSON.parse(String(request.body)) as { body: string }
      const bytes = fromBase64(body)
      if (bytes.length > 8192) throw new RelayError('too_large')
      const put = this.onLetter(bytes, ++this.written)
      if (put) this.letters.set(id, { version: version + 1, body: put })
      return answer(204, tag(version + 1))
    }
    const seen = request.headers?.['If-None-Match']
    for (let looks = 0; looks < 40 && seen === `"${letter().version}"`; looks++) {
      request.signal?.throwIfAborted()
      await new Promise((done) => setTimeout(done, 10))
    }
    const { version, body } = letter()
    if (seen === `"${version}"`) return answer(304, tag(version))
    return answer(200, tag(version), { body: body && toBase64(body) })
  }
}
