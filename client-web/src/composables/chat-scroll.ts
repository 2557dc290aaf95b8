/**
 * How a conversation scrolls: it opens at the newest message or where the unread begin, follows new
 * ones only while at the end, never moves what is being read, and loads older ones before the top.
 */
import { type Ref, computed, nextTick, onMounted, ref, watch } from 'vue'
import { useVirtualizer } from '@tanstack/vue-virtual'
import { type TimelineRow, estimateRow } from './timeline'

export interface ChatScrollOptions {
  readonly scroller: Readonly<Ref<HTMLElement | null>>
  readonly rows: Readonly<Ref<readonly TimelineRow[]>>
  readonly hasOlder: () => boolean
  /** Resolves when the older page is in the rows, or there is none. */
  readonly loadOlder: () => Promise<unknown>
}

const AT_END = 80
const NEAR_TOP = 12

export function useChatScroll({ scroller, rows, hasOlder, loadOlder }: ChatScrollOptions) {
  const atEnd = ref(true)
  const loadingOlder = ref(false)
  const placed = ref(false)

  const dayIndexes = computed(() =>
    rows.value.flatMap((row, index) => (row.kind === 'day' ? [index] : [])),
  )
  const stuckDay = ref(-1)

  const virtualizer = useVirtualizer(
    computed(() => ({
      count: rows.value.length,
      getScrollElement: () => scroller.value,
      getItemKey: (index: number) => rows.value[index]?.key ?? index,
      estimateSize: (index: number) => {
        const row = rows.value[index]
        return row ? estimateRow(row, scroller.value?.clientWidth ?? 600) : 40
      },
      overscan: 8,
      paddingStart: 8,
      paddingEnd: 10,
      anchorTo: 'end' as const,
      followOnAppend: true,
      scrollEndThreshold: AT_END,
      rangeExtractor: (range: {
        startIndex: number
        endIndex: number
        overscan: number
        count: number
      }) => {
        stuckDay.value = dayIndexes.value.findLast((index) => index <= range.startIndex) ?? -1
        const from = Math.max(0, range.startIndex - range.overscan)
        const to = Math.min(range.count - 1, range.endIndex + range.overscan)
        const shown = Array.from({ length: Math.max(0, to - from + 1) }, (_, step) => from + step)
        return stuckDay.value >= 0 && stuckDay.value < from ? [stuckDay.value, ...shown] : shown
      },
    })),
  )
  const items = computed(() => virtualizer.value.getVirtualItems())

  function toEnd(): void {
    virtualizer.value.scrollToEnd()
    atEnd.value = true
  }

  function indexOf(messageId: string): number {
    return rows.value.findIndex((row) => row.key === messageId || row.key === `unread-${messageId}`)
  }

  /** False when the message is not among the rows. */
  function toMessage(messageId: string, align: 'center' | 'start' = 'center'): boolean {
    const index = indexOf(messageId)
    if (index === -1) return false
    virtualizer.value.scrollToIndex(index, { align })
    return true
  }

  /** Once, when the first rows are there: to the unread if they do not all fit, else to the end. */
  async function place(unreadFrom: string | null): Promise<void> {
    await nextTick()
    if (!unreadFrom || !toMessage(unreadFrom, 'start')) toEnd()
    await nextTick()
    requestAnimationFrame(() => {
      placed.value = true
      onScroll()
    })
  }

  /** The day on top is pushed away by the next one, not covered by it. Past Vue: it is every frame. */
  function pushDay(element: HTMLElement): void {
    const next = dayIndexes.value.find((index) => index > stuckDay.value)
    const coming = items.value.find((item) => item.index === next)
    const stuck = items.value.find((item) => item.index === stuckDay.value)
    const room = coming && stuck ? coming.start - element.scrollTop - stuck.size : 0
    element.style.setProperty('--day-push', `${Math.min(0, room)}px`)
  }

  function onScroll(): void {
    const element = scroller.value
    if (!element || !placed.value) return
    pushDay(element)
    atEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END
    const first = items.value.find((item) => item.index !== stuckDay.value)
    if (first && first.index < NEAR_TOP && hasOlder() && !loadingOlder.value) void older()
  }

  async function older(): Promise<void> {
    loadingOlder.value = true
    try {
      await loadOlder()
    } finally {
      loadingOlder.value = false
    }
  }

  // A pane that gets smaller (keyboard, reply bar, banner) keeps its newest line in sight.
  onMounted(() => {
    const element = scroller.value
    if (!element) return
    let height = element.clientHeight
    const observer = new ResizeObserver(() => {
      const next = element.clientHeight
      if (next !== height && atEnd.value && placed.value) toEnd()
      height = next
    })
    observer.observe(element)
    watch(scroller, (now) => now ?? observer.disconnect())
  })

  return {
    virtualizer,
    items,
    stuckDay,
    atEnd,
    loadingOlder,
    placed,
    toEnd,
    toMessage,
    place,
    onScroll,
  }
}
