/** A client that says something else than it was asked to: what a newer, or a malicious, one would. */
import { fromUtf8, utf8 } from '@/crypto/bytes'
import type { SealedEngine } from '@/crypto/engine/engine'
import { pad, unpad } from '@/crypto/padding'

type Json = Record<string, unknown>

/** Between a client and its engine: `change` gives the content that is encrypted instead. */
export const saying =
  (change: (content: Json) => Json) =>
  (real: SealedEngine): SealedEngine => ({
    ...real,
    encrypt: (request) => {
      const content = JSON.parse(fromUtf8(unpad(request.plaintext) ?? new Uint8Array())) as Json
      return real.encrypt({ ...request, plaintext: pad(utf8(JSON.stringify(change(content)))) })
    },
  })

/** A text that is an object in JSON is sent as fields of the content, in place of the text. */
export const sayingFields = saying(({ text, ...content }) =>
  typeof text === 'string' && text.startsWith('{')
    ? { ...content, ...(JSON.parse(text) as Json) }
    : { ...content, ...(text !== undefined && { text }) },
)
