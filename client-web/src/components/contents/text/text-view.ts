import type { ContentView, LineKey } from '@/components/contents/content-view'
import type { MessageFile } from '@/messenger/contract'
import { isBlank } from '@/text/sendable'
import TextBubble from './TextBubble.vue'

export const textView: ContentView = {
  bubble: TextBubble,
  line({ text, files }, t) {
    const blank = isBlank(text)
    if (!files?.length) return blank ? t('chat.invisible') : text
    const named = nameOf(files, t)
    return blank ? named : `${named}: ${text}`
  },
}

function nameOf(files: readonly MessageFile[], t: (key: LineKey) => string): string {
  const [first, ...others] = files
  const alike = others.every(({ kind }) => kind === first?.kind)
  if (!first || (others.length > 0 && !alike)) return t('files.kinds.file')
  if (others.length > 0) return t(`files.kinds.${first.kind}`)
  return first.kind === 'file' ? first.name : t(`files.kind.${first.kind}`)
}
