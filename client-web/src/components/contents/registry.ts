/**
 * The view of each kind of message. It mirrors `messenger/contents/registry.ts`; the compiler refuses a kind
 * without a view.
 */
import { useI18n } from 'vue-i18n'
import { useNoticeText } from '@/composables/notices'
import type { Message, MessageKind } from '@/messenger/contract'
import { shorten } from '@/text/graphemes'
import { firstVisible } from '@/text/sendable'
import type { ContentView } from './content-view'
import { awaitedView } from './awaited/awaited-view'
import { deletedView } from './deleted/deleted-view'
import { textView } from './text/text-view'
import { unknownView } from './unknown/unknown-view'

export const contentViews: Record<MessageKind, ContentView> = {
  text: textView,
  unknown: unknownView,
  awaited: awaitedView,
  deleted: deletedView,
}

/** Returns a function that gives a message or a notice in one line. */
export function useMessageLine(): (message: Message, name: string) => string {
  const { t } = useI18n()
  const { notice } = useNoticeText()
  return (message, name) => {
    if (message.kind === 'notice') return message.notice ? notice(message.notice, name) : ''
    const line = contentViews[message.kind].line(message, t)
    return shorten(line.slice(firstVisible(line)).replaceAll(/\s+/g, ' '), 200)
  }
}
