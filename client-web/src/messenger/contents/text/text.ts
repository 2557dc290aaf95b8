/** A message of text, of files, or of both. */
import { readAbout } from '@/messenger/contents/about'
import type { About } from '@/messenger/contents/about'
import { isDuration, isUuid, malformed } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'
import { wellFormed } from '@/text/graphemes'
import { MAX_TEXT } from '@/text/sendable'
import { readPointers } from './pointer'
import type { FilePointer } from './pointer'

export interface TextBody {
  type: 'text'
  text: string
  reply_to?: string
  files?: FilePointer[]
  /** Seconds after which it disappears. */
  expires_in?: number
  /** In copies that one's own other devices get. */
  for?: About
}

export const text: ContentType<TextBody> = {
  types: ['text'],
  read(fields) {
    const { text: words, reply_to: replyTo, expires_in: seconds } = fields
    // Other clients may count what people call characters; one of those can be two units.
    if (typeof words !== 'string' || [...words].length > MAX_TEXT) throw malformed()
    if (replyTo !== undefined && !isUuid(replyTo)) throw malformed()
    if (seconds !== undefined && !isDuration(seconds)) throw malformed()
    return {
      type: 'text',
      text: wellFormed(words),
      ...(replyTo !== undefined && { reply_to: replyTo }),
      ...readPointers(fields['files']),
      ...(seconds !== undefined && { expires_in: seconds }),
      ...readAbout(fields['for']),
    }
  },
  message: {
    kind: 'text',
    preview: (body) => body.text,
    answers: (body) => body.reply_to,
    files: (body) => body.files,
    expires: (body) => body.expires_in,
    written: ({ text: words, replyTo, files, expiry }) => ({
      type: 'text',
      text: words,
      ...(replyTo && { reply_to: replyTo.id }),
      ...(files && { files: [...files] }),
      ...(expiry && { expires_in: expiry.seconds }),
    }),
    notifies: true,
    backedUp: true,
  },
  sync: 'copied',
  clock: 'writer',
  fromPerson: (effects) => effects.addMessage(),
  fromOwnDevice: (effects, { content }) => (content.for ? effects.addCopy(content.for) : undefined),
}
