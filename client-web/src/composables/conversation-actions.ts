/** The menu of a conversation. */
import { useI18n } from 'vue-i18n'
import { useMessenger } from '@/stores'
import type { ConversationDialogs } from './conversation-entries'
import { useToastErrors } from './error-toasts'
import { useLateEntries } from './late-entries'

export function useConversationActions(dialogs: ConversationDialogs) {
  const { t } = useI18n()
  const parts = { t, messenger: useMessenger(), toastErrors: useToastErrors() }
  return useLateEntries(async () => {
    const { conversationEntries } = await import('./conversation-entries')
    return conversationEntries(parts, dialogs)
  })
}
