/** Entries of a message's menu: fetched behind the chat, with their icons and texts. */
import {
  CircleCheck,
  Copy,
  Download,
  Forward,
  Info,
  Pencil,
  Pin,
  PinOff,
  Reply,
  RotateCw,
  Star,
  StarOff,
  Trash2,
} from '@lucide/vue'
import type { useI18n } from 'vue-i18n'
import type { MenuEntry } from './menu'
import type { Message, Messenger } from '@/messenger/contract'
import { useMarksStore } from '@/stores'
import { mayAnswer, mayEdit, mayForward, mayReactTo as mayMark } from './second-thoughts'
import type { useCopy } from './copy'
import type { useToastErrors } from './error-toasts'

export interface MessageHandlers {
  reply(message: Message): void
  info(message: Message): void
  remove(message: Message): void
  sendAgain(message: Message): void
  edit(message: Message): void
  forward(message: Message): void
  /** Begins to choose several, with this one. */
  select(message: Message): void
}

export interface MenuParts {
  readonly t: ReturnType<typeof useI18n>['t']
  readonly copy: ReturnType<typeof useCopy>
  readonly messenger: Messenger
  readonly toastErrors: ReturnType<typeof useToastErrors>
}

export function messageEntries(
  { t, copy, messenger, toastErrors }: MenuParts,
  handlers: MessageHandlers,
  mayReply: () => boolean,
) {
  const marks = useMarksStore()
  async function saveAll(message: Message): Promise<void> {
    for (const file of message.files ?? []) await messenger.keepFile(message.id, file.id)
  }
  return (message: Message): MenuEntry[] => {
    const text = message.text !== ''
    const starred = marks.starred.has(message.id)
    const pinned = marks.pinned.get(message.conversation)?.includes(message.id) === true
    const entries: (MenuEntry | false)[] = [
      message.problem === 'set_aside' && {
        key: 'again',
        label: t('chat.sendAgain'),
        icon: RotateCw,
        run: () => handlers.sendAgain(message),
      },
      mayAnswer(message) &&
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
        run: () => toastErrors(saveAll(message)),
      },
      mayForward(message) && {
        key: 'forward',
        label: t('choice.forward'),
        icon: Forward,
        run: () => handlers.forward(message),
      },
      mayMark(message) && {
        key: 'star',
        label: t(starred ? 'choice.unstar' : 'choice.star'),
        icon: starred ? StarOff : Star,
        run: () => toastErrors(messenger.setStarred([message.id], !starred)),
      },
      mayMark(message) && {
        key: 'pin',
        label: t(pinned ? 'choice.unpin' : 'choice.pin'),
        icon: pinned ? PinOff : Pin,
        run: () => toastErrors(messenger.setMessagePinned(message.id, !pinned)),
      },
      {
        key: 'select',
        label: t('choice.select'),
        icon: CircleCheck,
        run: () => handlers.select(message),
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
