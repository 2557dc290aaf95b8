/** Entries of a message's menu. */
import { Copy, Download, Info, Pencil, Reply, RotateCw, Trash2 } from '@lucide/vue'
import { useI18n } from 'vue-i18n'
import type { MenuEntry } from './menu'
import type { Message } from '@/messenger/contract'
import { mayEdit } from './second-thoughts'
import { useCopy } from './copy'

export interface MessageHandlers {
  reply(message: Message): void
  info(message: Message): void
  remove(message: Message): void
  sendAgain(message: Message): void
  edit(message: Message): void
  /** Its files. */
  save(message: Message): void
}

export function useMessageActions(handlers: MessageHandlers, mayReply: () => boolean) {
  const { t } = useI18n()
  const copy = useCopy()

  return (message: Message): MenuEntry[] => {
    const text = message.text !== ''
    const entries: (MenuEntry | false)[] = [
      message.problem === 'set_aside' && {
        key: 'again',
        label: t('chat.sendAgain'),
        icon: RotateCw,
        run: () => handlers.sendAgain(message),
      },
      (text || message.files !== undefined) &&
        mayReply() && {
          key: 'reply',
          label: t('chat.reply'),
          icon: Reply,
          run: () => handlers.reply(message),
        },
      mayReply() &&
        mayEdit(message, Date.now()) && {
          key: 'edit',
          label: t('chat.edit'),
          icon: Pencil,
          run: () => handlers.edit(message),
        },
      text && {
        key: 'copy',
        label: t('chat.copyText'),
        icon: Copy,
        run: () => void copy(message.text),
      },
      message.files !== undefined && {
        key: 'save',
        label: t(message.files.length > 1 ? 'files.saveAll' : 'files.save'),
        icon: Download,
        run: () => handlers.save(message),
      },
      { key: 'info', label: t('chat.info'), icon: Info, run: () => handlers.info(message) },
      {
        key: 'delete',
        label: t('chat.deleteMessage'),
        icon: Trash2,
        danger: true,
        run: () => handlers.remove(message),
      },
    ]
    return entries.filter((entry) => entry !== false)
  }
}
