/** Entries of a conversation's menu. Deletion is confirmed first, through `askDelete`. */
import { Archive, ArchiveRestore, Bell, BellOff, CheckCheck, Trash2 } from '@lucide/vue'
import { useI18n } from 'vue-i18n'
import type { MenuEntry } from './menu'
import type { Conversation } from '@/messenger/contract'
import { useMessenger } from '@/stores'
import { useToastErrors } from './error-toasts'

export function useConversationActions(askDelete: (conversation: Conversation) => void) {
  const { t } = useI18n()
  const messenger = useMessenger()
  const toastErrors = useToastErrors()

  return (conversation: Conversation): MenuEntry[] => {
    const { id, muted, archived, unread } = conversation
    const read: MenuEntry = {
      key: 'read',
      label: t('list.markRead'),
      icon: CheckCheck,
      run: () => toastErrors(messenger.markRead(id)),
    }
    return [
      ...(unread > 0 ? [read] : []),
      {
        key: 'mute',
        label: muted ? t('list.unmute') : t('list.mute'),
        icon: muted ? Bell : BellOff,
        run: () => toastErrors(messenger.setMuted(id, !muted)),
      },
      {
        key: 'archive',
        label: archived ? t('list.unarchive') : t('list.archive'),
        icon: archived ? ArchiveRestore : Archive,
        run: () => toastErrors(messenger.setArchived(id, !archived)),
      },
      {
        key: 'delete',
        label: t('list.delete'),
        icon: Trash2,
        danger: true,
        run: () => askDelete(conversation),
      },
    ]
  }
}
