import type { ContentView } from '@/components/contents/content-view'
import { isBlank } from '@/text/sendable'
import TextBubble from './TextBubble.vue'

export const textView: ContentView = {
  bubble: TextBubble,
  line: ({ text }, t) => (isBlank(text) ? t('chat.invisible') : text),
}
