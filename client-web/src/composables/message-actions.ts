/** The menu of a message. A menu that opens before its code is here fills as soon as it is. */
import { onMounted, shallowReactive } from 'vue'
import { useI18n } from 'vue-i18n'
import { completeTexts } from '@/i18n'
import type { Message } from '@/messenger/contract'
import { useCopy } from './copy'
import type { MenuEntry } from './menu'
import type { MessageHandlers } from './message-entries'

type Entries = (message: Message) => MenuEntry[]

export function useMessageActions(handlers: MessageHandlers, mayReply: () => boolean): Entries {
  const { t } = useI18n()
  const copy = useCopy()
  let made: Entries | null = null

  /** Where the code cannot be fetched, `platform/late-parts.ts` reports the reason; the next menu fetches again. */
  async function make(): Promise<Entries | null> {
    try {
      const parts = await Promise.all([import('./message-entries'), completeTexts()])
      return (made ??= parts[0].messageEntries({ t, copy }, handlers, mayReply))
    } catch {
      return null
    }
  }
  onMounted(make)

  return (message) => {
    if (made) return made(message)
    const entries = shallowReactive<MenuEntry[]>([])
    void make().then((entriesOf) => entriesOf && entries.push(...entriesOf(message)))
    return entries
  }
}
