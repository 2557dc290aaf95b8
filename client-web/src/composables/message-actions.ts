/** The menu of a message. */
import { useI18n } from 'vue-i18n'
import { useMessenger } from '@/stores'
import { useCopy } from './copy'
import { useToastErrors } from './error-toasts'
import { useLateEntries } from './late-entries'
import type { MessageHandlers } from './message-entries'

export function useMessageActions(handlers: MessageHandlers, mayReply: () => boolean) {
  const { t } = useI18n()
  const parts = { t, copy: useCopy(), messenger: useMessenger(), toastErrors: useToastErrors() }
  return useLateEntries(async () => {
    const { messageEntries } = await import('./message-entries')
    return messageEntries(parts, handlers, mayReply)
  })
}
