import type { ContentView } from '@/components/contents/content-view'
import AwaitedBubble from './AwaitedBubble.vue'

export const awaitedView: ContentView = {
  bubble: AwaitedBubble,
  line: ({ lost }, t) => t(lost ? 'chat.awaited.lost' : 'chat.awaited.fetching'),
}
