/** Another text for an own message. The newest wins; the earlier ones can be seen. */
import { readAbout } from '@/messenger/contents/about'
import type { About } from '@/messenger/contents/about'
import { isUuid, malformed } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'
import { wellFormed } from '@/text/graphemes'
import { MAX_TEXT } from '@/text/sendable'

export interface EditBody {
  type: 'edit'
  /** The writer's own message. */
  target: string
  text: string
  silent: true
  /** In copies that one's own other devices get. */
  for?: About
}

export const edit: ContentType<EditBody> = {
  types: ['edit'],
  read(fields) {
    const { target, text } = fields
    if (!isUuid(target) || typeof text !== 'string') throw malformed()
    if ([...text].length > MAX_TEXT) throw malformed()
    const about = readAbout(fields['for'])
    return { type: 'edit', target, text: wellFormed(text), silent: true, ...about }
  },
  message: null,
  sync: 'copied',
  clock: 'writer',
  subject: (body) => body.target,
  fromPerson: (effects, { content }) => effects.edit(content.target, content.text),
  fromOwnDevice: (effects, { content }) =>
    content.for && effects.edit(content.for, content.target, content.text),
}
