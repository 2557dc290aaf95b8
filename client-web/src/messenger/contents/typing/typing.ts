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
  fromEphemeral: (effects, body) => effects.typing(body.active),
}
