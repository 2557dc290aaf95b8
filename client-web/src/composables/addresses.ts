/** The app's addresses of a conversation. */
import type { RouteLocationNormalizedLoaded } from 'vue-router'
import { readConversationId } from '@/messenger/contract'
import type { ConversationId } from '@/messenger/contract'

export const addressOf = (
  id: ConversationId,
  page: 'chat' | 'contact' | 'request' = 'chat',
): { name: string; params: { id: ConversationId } } => ({ name: page, params: { id } })

/** The conversation that an address names; null where it names none. */
export function conversationAt({
  params,
}: Pick<RouteLocationNormalizedLoaded, 'params'>): ConversationId | null {
  const { id } = params
  return typeof id === 'string' && id !== '' ? readConversationId(id) : null
}
