/** What a conversation is called in the list and above it. */
import { useI18n } from 'vue-i18n'
import type { Conversation } from '@/messenger/contract'

export function useConversationName(): (
  conversation: Pick<Conversation, 'name' | 'isNotes'>,
) => string {
  const { t } = useI18n()
  return ({ name, isNotes }) => (isNotes ? t('list.notes') : name)
}
