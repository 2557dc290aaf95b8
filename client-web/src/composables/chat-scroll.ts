/**
 * How a conversation scrolls: it opens at the newest message or where the unread begin, follows new
 * ones only while at the end, never moves what is being read, and loads older ones before the top.
 */
import { type Ref, computed, nextTick, onMounted, ref, watch } from 'vue'
import { measureElement, useVirtualizer } from '@tanstack/vue-virtual'
import { type TimelineRow, estimateRow } from './timeline'

export interface ChatScrollOptions {
  readonly scroller: Readonly<Ref<HTMLElement | null>>
  readonly rows: Readonly<Ref<readonly TimelineRow[]>>
  readonly hasOlder: () => boolean
  /** Resolves when the older page is in the rows, or there is none. */
  readonly loadOlder: () => Promise<unknown>
}

const AT_END = 80
/** How much lies above the screen when older messages are fetched, px: some screens, so that nobody waits. */
const NEAR_TOP = 2_400
const TOP = 8
const BOTTOM = 10

/** A row's height is taken when the browser has laid out all of them, never one by one: that is slow. */
const measureWhenLaidOut: typeof measureElement = (element, entry, instance) => {
  if (entry) return measureElement(element, entry, instance)
  const index = instance.indexFromElement(element)
  const key = instance.options.getItemKey(index)
  return instance.itemSizeCache.get(key) ?? instance.options.estimateSize(index)
}

export function useChatScroll({ scroller, rows, hasOlder, loadOlder }: ChatScrollOptions) {
  const atEnd = ref(true)
  const loadingOlder = ref(false)
  const placed = ref(false)

  const dayIndexes = computed(() =>
    rows.value.flatMap((row, index) => (row.kind === 'day' ? [index] : [])),
  )
  const stuckDay = ref(-1)

  /** Where the first rows are drawn at once, instead of at the top and then there. */
  let opensAt: string | null = null
  let width = 600
  const heightOf = (row: TimelineRow | undefined): number => (row ? estimateRow(row, width) : 40)
  function firstOffset(): number {
    const target = opensAt === null ? -1 : indexOf(opensAt)
    const above = target === -1 ? rows.value : rows.value.slice(0, target)
    return above.reduce((sum, row) => sum + heightOf(row), TOP)
  }

  /**
   * Whatever is added or taken away above it, the lowest message in sight stays where it is. The
   * library scrolls before the page has grown, which can be too short for it by then, and not at all
   * where a day stands on top, which is another row as soon as it begins earlier. So this looks
   * first, and again after the drawing.
   */
  let reading: { readonly key: unknown; readonly below: number } | null = null
  function lowestInSight(): typeof reading {
    const { scrollTop = 0, clientHeight = 0 } = scroller.value ?? {}
    const item = items.value.findLast(
      ({ start, key }) => start < scrollTop + clientHeight && !String(key).startsWith('day-'),
    )
    return item ? { key: item.key, below: item.start - scrollTop } : null
  }
  function hold({ key, below }: NonNullable<typeof reading>): void {
    const element = scroller.value
    const { measurementsCache } = virtualizer.value
    const now = measurementsCache[rows.value.findIndex((row) => row.key === key)]
    const drawn = items.value[0]
    if (!element || !now || !drawn) return
    // What the library itself holds back while the browser would not let it scroll.
    const held = (measurementsCache[drawn.index]?.start ?? drawn.start) - drawn.start
    const top = now.start - held - below
    if (Math.abs(element.scrollTop - top) > 1) element.scrollTop = top
  }
  watch(
    rows,
    () => {
      // The library aims at the number of a row, which is another row's by now.
      virtualizer.value.cancelScroll()
      reading = placed.value ? lowestInSight() : null
    },
    { flush: 'pre' },
  )

  const virtualizer = useVirtualizer(
    computed(() => ({
      enabled: rows.value.length > 0,
      count: rows.value.length,
      getScrollElement: () => scroller.value,
      getItemKey: (index: number) => rows.value[index]?.key ?? index,
      estimateSize: (index: number) => heightOf(rows.value[index]),
      initialOffset: firstOffset,
      measureElement: measureWhenLaidOut,
      overscan: 8,
      paddingStart: TOP,
      paddingEnd: BOTTOM,
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
    opensAt = unreadFrom
    width = scroller.value?.clientWidth ?? width
    await nextTick()
    for (const row of scroller.value?.querySelectorAll<HTMLElement>('[data-index]') ?? []) {
      virtualizer.value.resizeItem(Number(row.dataset['index']), row.offsetHeight)
    }
    await nextTick()
    if (!unreadFrom || !toMessage(unreadFrom, 'start')) toEnd()
    requestAnimationFrame(() => {
      placed.value = true
      onScroll()
    })
  }

  /**
   * The day on top is pushed away by the next one, not covered by it. Past Vue: it is every frame;
   * written only when it changes, for all that is in the list is styled anew by it.
   */
  let pushed = 0
  function pushDay(element: HTMLElement): void {
    const next = dayIndexes.value.find((index) => index > stuckDay.value)
    const coming = items.value.find((item) => item.index === next)
    const stuck = items.value.find((item) => item.index === stuckDay.value)
    const room = coming && stuck ? coming.start - element.scrollTop - stuck.size : 0
    if (pushed === Math.min(0, room)) return
    pushed = Math.min(0, room)
    element.style.setProperty('--day-push', `${pushed}px`)
  }

  function onScroll(): void {
    const element = scroller.value
    if (!element || !placed.value) return
    atEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END
    pushDay(element)
    if (!loadingOlder.value) void older()
  }

  /** Whoever is at the top already scrolls no further, so it goes on by itself, a page in a frame. */
  async function older(): Promise<void> {
    loadingOlder.value = true
    try {
      while (nearTop() && hasOlder()) {
        const before = rows.value
        await loadOlder()
        await nextTick()
        if (rows.value === before) return
        await new Promise(requestAnimationFrame)
      }
    } finally {
      loadingOlder.value = false
    }
  }
  const nearTop = (): boolean => (scroller.value?.scrollTop ?? Infinity) < NEAR_TOP

  /**
   * What is drawn for the first time above what is read keeps that in its place, whatever its
   * height turns out to be: towards older messages, that is all of the screen and above.
   */
  virtualizer.value.shouldAdjustScrollPositionOnItemSizeChange = (item, _delta, instance) => {
    const top = instance.scrollOffset ?? 0
    if (instance.itemSizeCache.has(item.key)) return item.end <= top
    const screen = instance.scrollDirection === 'backward' ? (instance.scrollRect?.height ?? 0) : 0
    return item.start < top + screen
  }
  watch(rows, () => reading && hold(reading), { flush: 'post' })

  // A pane that gets smaller (keyboard, reply bar, banner) keeps its newest line in sight.
  onMounted(() => {
    const element = scroller.value
    if (!element) return
    width = element.clientWidth
    let height = element.clientHeight
    const observer = new ResizeObserver(() => {
      width = element.clientWidth
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
