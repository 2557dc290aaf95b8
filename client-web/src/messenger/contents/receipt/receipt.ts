/** How far messages have come, as their recipient's device says. */
import { readIds } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'

export interface ReceiptBody {
  type: 'delivered' | 'read'
  ids: string[]
}

export const receipt: ContentType<ReceiptBody> = {
  types: ['delivered', 'read'],
  read: (fields) => ({
    type: fields['type'] === 'read' ? 'read' : 'delivered',
    ids: readIds(fields['ids']),
  }),
  message: null,
  sync: 'not_copied',
  // Only the time counts that is shown.
  clock: 'relay',
  fromPerson: (effects, { content }) => effects.confirm(content.type, content.ids),
}
