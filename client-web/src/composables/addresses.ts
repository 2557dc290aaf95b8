/** Routes of a conversation. */
import type { RouteLocationNormalizedLoaded } from 'vue-router'
import { readConversationId } from '@/messenger/contract'
import type { ConversationId } from '@/messenger/contract'

export const addressOf = (
  id: ConversationId,
  page: 'chat' | 'contact' | 'request' = 'chat',
): { name: string; params: { id: ConversationId } } => ({ name: page, params: { id } })

/** The conversation that a route names, or null. */
export function conversationAt({
  params,
}: Pick<RouteLocationNormalizedLoaded, 'params'>): ConversationId | null {
  const { id } = params
  return typeof id === 'string' && id !== '' ? readConversationId(id) : null
}
