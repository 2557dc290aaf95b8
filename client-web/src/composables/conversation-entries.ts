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
import type { useI18n } from 'vue-i18n'
import type { MenuEntry } from './menu'
import type { Conversation, Messenger } from '@/messenger/contract'
import type { useToastErrors } from './error-toasts'

export interface ConversationDialogs {
  askDelete(conversation: Conversation): void
  askMute(conversation: Conversation): void
  askTimer?(conversation: Conversation): void
}

export interface ConversationMenuParts {
  readonly t: ReturnType<typeof useI18n>['t']
  readonly messenger: Messenger
  readonly toastErrors: ReturnType<typeof useToastErrors>
}

export function conversationEntries(
  { t, messenger, toastErrors }: ConversationMenuParts,
  { askDelete, askMute, askTimer }: ConversationDialogs,
) {
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
              run: () => askTimer?.(conversation),
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
