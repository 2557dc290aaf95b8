import { isUuid } from '@/messenger/contents/checks'
import type { Fields } from '@/messenger/contents/checks'

/** Another client may name the person of a `read` as its conversation alone. */
export function withPerson(fields: Fields): Fields {
  const { type, what, conversation, for: about } = fields
  const isRead = type === 'sync' && what === 'read'
  return isRead && about === undefined && isUuid(conversation)
    ? { ...fields, for: { user_id: conversation } }
    : fields
}
