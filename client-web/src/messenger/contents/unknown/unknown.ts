/**
 * A content of a type that this build does not know. It is kept as it came, so that a newer build can show it
 * (`asKnown` in codec.ts). Shown is its `fallback`, unless it is `silent`.
 */
import { readAbout } from '@/messenger/contents/about'
import type { About } from '@/messenger/contents/about'
import type { Fields } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'
import type { Bytes } from '@/crypto/bytes'
import { shorten, wellFormed } from '@/text/graphemes'
import { isBlank } from '@/text/sendable'

/** What is longer is cut: the wire calls it a short text and gives no bound. */
export const MAX_FALLBACK = 1_000

export interface UnknownBody {
  type: 'unknown'
  /** What the wire calls it. */
  named: string
  /** Empty where there is none that can be shown. */
  fallback: string
  silent: boolean
  /** The content as it came: UTF-8 JSON. */
  bytes: Bytes
  for?: About
}

/** Only a fallback of text is one, and only `true` silences; both are hints and refuse nothing. */
export function readUnknown(named: string, fields: Fields, bytes: Bytes): UnknownBody {
  const { fallback } = fields
  const shown = typeof fallback === 'string' && !isBlank(fallback) ? wellFormed(fallback) : ''
  return {
    type: 'unknown',
    named,
    fallback: shorten(shown, MAX_FALLBACK),
    silent: fields['silent'] === true,
    bytes,
    ...readHint(fields['for']),
  }
}

function readHint(value: unknown): { for?: About } {
  try {
    return readAbout(value)
  } catch {
    return {}
  }
}

export const unknown: ContentType<UnknownBody> = {
  types: [],
  read: () => null,
  message: {
    kind: 'unknown',
    preview: (body) => body.fallback,
    notifies: true,
    backedUp: true,
  },
  sync: 'not_copied',
  clock: 'writer',
  fromPerson: (effects, { content }) =>
    content.silent ? effects.keepUnshown() : effects.addMessage(),
  fromOwnDevice(effects, { content }) {
    const { for: about, silent } = content
    return silent || !about ? effects.keepUnshown(about) : effects.addCopy(about)
  },
}
