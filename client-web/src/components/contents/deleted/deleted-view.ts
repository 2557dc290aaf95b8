import type { ContentView } from '@/components/contents/content-view'
import DeletedBubble from './DeletedBubble.vue'

export const deletedView: ContentView = {
  bubble: DeletedBubble,
  line: ({ direction }, t) => t(direction === 'out' ? 'chat.deletedMine' : 'chat.deleted'),
}
