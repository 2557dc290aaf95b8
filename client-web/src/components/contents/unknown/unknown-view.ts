import type { ContentView } from '@/components/contents/content-view'
import UnknownBubble from './UnknownBubble.vue'

export const unknownView: ContentView = {
  bubble: UnknownBubble,
  line: ({ text }, t) => text || t('chat.unsupported'),
}
