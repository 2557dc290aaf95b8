/** The sender is typing, or stopped. */
import type { ContentType } from '@/messenger/contents/content-type'

export interface TypingBody {
  type: 'typing'
  active: boolean
}

export const typing: ContentType<TypingBody> = {
  types: ['typing'],
  read: (fields) => ({ type: 'typing', active: fields['active'] === true }),
  message: null,
  sync: 'not_copied',
  clock: 'relay',
  ephemeral: true,
  asSign: (signs, body) => signs.typing(body.active),
}
