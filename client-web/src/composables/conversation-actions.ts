/** Entries of a conversation's menu. `askDelete` confirms a deletion first, `askMute` and `askTimer` ask for how long. */
import {
  Archive,
  ArchiveRestore,
  Bell,
  BellOff,
  CheckCheck,
  MailWarning,
  Pin,
  PinOff,
  Timer,
  Trash2,
} from '@lucide/vue'
import { useI18n } from 'vue-i18n'
import type { MenuEntry } from './menu'
import type { Conversation } from '@/messenger/contract'
import { useMessenger } from '@/stores'
import { useToastErrors } from './error-toasts'

export function useConversationActions(
  askDelete: (conversation: Conversation) => void,
  askMute: (conversation: Conversation) => void,
  askTimer: (conversation: Conversation) => void = () => undefined,
) {
  const { t } = useI18n()
  const messenger = useMessenger()
  const toastErrors = useToastErrors()

  return (conversation: Conversation, mayWrite = false): MenuEntry[] => {
    const { id, muted, archived, pinned } = conversation
    const waits = conversation.unread > 0 || conversation.markedUnread
    return [
      {
        key: 'read',
        label: waits ? t('list.markRead') : t('list.markUnread'),
        icon: waits ? CheckCheck : MailWarning,
        run: () => toastErrors(waits ? messenger.markRead(id) : messenger.markUnread(id)),
      },
      {
        key: 'pin',
        label: pinned ? t('list.unpin') : t('list.pin'),
        icon: pinned ? PinOff : Pin,
        run: () => toastErrors(messenger.setPinned(id, !pinned)),
      },
      {
        key: 'mute',
        label: muted ? t('list.unmute') : t('list.mute'),
        icon: muted ? Bell : BellOff,
        run: () => (muted ? toastErrors(messenger.setMuted(id, false)) : askMute(conversation)),
      },
      ...(mayWrite
        ? [
            {
              key: 'timer',
              label: t('chat.timer'),
              icon: Timer,
              run: () => askTimer(conversation),
            },
          ]
        : []),
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
