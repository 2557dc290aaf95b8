/**
 * Contents that the open chat shows, as addresses. They are kept while it is open, so that what scrolls out of sight and
 * back is there at once, and are let go with it.
 */
import { inject, onBeforeUnmount, provide } from 'vue'
import type { InjectionKey } from 'vue'
import type { FileId, Message, MessageFile } from '@/messenger/contract'

/** Contents are in the browser's memory: no more than this many. */
const KEPT = 60
export interface Shown {
  readonly url: string
  readonly content: Blob
}

export interface ChatFiles {
  shown(id: FileId): Shown | undefined
  keep(id: FileId, content: Blob): Shown
  /** Opens the viewer at one picture or video of the chat. */
  view(message: Message, file: MessageFile): void
}

const key: InjectionKey<ChatFiles> = Symbol('files of the chat')

/** For the view of a chat. */
export function provideChatFiles(view: ChatFiles['view']): ChatFiles {
  const all = new Map<FileId, Shown>()
  const files: ChatFiles = {
    shown: (id) => all.get(id),
    keep(id, content) {
      const shown = { url: URL.createObjectURL(content), content }
      all.set(id, shown)
      const [oldest] = all
      if (all.size > KEPT && oldest) {
        URL.revokeObjectURL(oldest[1].url)
        all.delete(oldest[0])
      }
      return shown
    },
    view,
  }
  provide(key, files)
  onBeforeUnmount(() => {
    for (const { url } of all.values()) URL.revokeObjectURL(url)
    all.clear()
  })
  return files
}

export const useChatFiles = (): ChatFiles | null => inject(key, null)
