/** Entries of a message's menu: fetched behind the chat, with their icons and texts (`message-actions.ts`). */
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
import type { Message } from '@/messenger/contract'
import { useMarksStore } from '@/stores'
import { mayAnswer, mayEdit, mayForward, mayReactTo as mayMark } from './second-thoughts'
import type { useCopy } from './copy'

export interface MessageHandlers {
  reply(message: Message): void
  info(message: Message): void
  remove(message: Message): void
  sendAgain(message: Message): void
  edit(message: Message): void
  /** Its files. */
  save(message: Message): void
  forward(message: Message): void
  star(message: Message, starred: boolean): void
  pin(message: Message, pinned: boolean): void
  /** Begins to choose several, with this one. */
  select(message: Message): void
}

export interface MenuWords {
  readonly t: ReturnType<typeof useI18n>['t']
  readonly copy: ReturnType<typeof useCopy>
}

export function messageEntries(
  { t, copy }: MenuWords,
  handlers: MessageHandlers,
  mayReply: () => boolean,
) {
  const marks = useMarksStore()
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
        run: () => handlers.save(message),
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
        run: () => handlers.star(message, !starred),
      },
      mayMark(message) && {
        key: 'pin',
        label: t(pinned ? 'choice.unpin' : 'choice.pin'),
        icon: pinned ? PinOff : Pin,
        run: () => handlers.pin(message, !pinned),
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
