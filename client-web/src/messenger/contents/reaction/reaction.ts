/** An emoji that somebody puts to a message. One per person and message; the newest wins. */
import { readAbout } from '@/messenger/contents/about'
import type { About } from '@/messenger/contents/about'
import { isRecord, isUuid, malformed } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'
import { isEmoji } from '@/text/emoji'

export interface ReactionBody {
  type: 'reaction'
  target: { user_id: string; id: string }
  /** Null: it is taken back. */
  emoji: string | null
  silent: true
  /** In copies that one's own other devices get. */
  for?: About
}

export const reaction: ContentType<ReactionBody> = {
  types: ['reaction'],
  read(fields) {
    const { target, emoji } = fields
    if (!isRecord(target) || !isUuid(target['user_id']) || !isUuid(target['id'])) throw malformed()
    if (emoji !== null && (typeof emoji !== 'string' || !isEmoji(emoji))) throw malformed()
    return {
      type: 'reaction',
      target: { user_id: target['user_id'], id: target['id'] },
      emoji,
      silent: true,
      ...readAbout(fields['for']),
    }
  },
  message: null,
  sync: 'copied',
  clock: 'writer',
  subject: (body) => body.target.id,
  fromPerson: (effects, { content }) => effects.react(content.target, content.emoji),
  fromOwnDevice: (effects, { content }) =>
    content.for && effects.react(content.for, content.target, content.emoji),
}
