/**
 * Scrolling of a conversation. It opens at the newest or the first unread message, follows new messages only at
 * the end, never moves the text that is read, and loads older messages before the top is reached.
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
/**
 * Older messages are fetched when less than this lies above the screen, px: several screens, so that nobody waits.
 */
const NEAR_TOP = 2_400
const TOP = 8
const BOTTOM = 10

const isMark = (row: TimelineRow | undefined): boolean =>
  row !== undefined && row.kind !== 'bubble' && row.kind !== 'notice'

/** Rows are measured after the browser has laid out all of them: measuring one by one forces a layout each time. */
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

  /** The row at which the first drawing begins, so that the list does not jump from the top. */
  let opensAt: string | null = null
  let width = 600
  const heightOf = (row: TimelineRow | undefined): number => (row ? estimateRow(row, width) : 40)
  function firstOffset(): number {
    const target = opensAt === null ? -1 : indexOf(opensAt)
    const above = target === -1 ? rows.value : rows.value.slice(0, target)
    return above.reduce((sum, row) => sum + heightOf(row), TOP)
  }

  /**
   * Keeps the lowest visible message in place when rows above it change. The library scrolls before the page has
   * grown, and the page can be too short then. It does not scroll at all where a day row is on top, because that
   * row is replaced when its day begins earlier. So this compares positions before and after the drawing.
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
    // The offset that the library keeps back while the browser refuses to scroll.
    const held = (measurementsCache[drawn.index]?.start ?? drawn.start) - drawn.start
    const top = now.start - held - below
    if (Math.abs(element.scrollTop - top) > 1) element.scrollTop = top
  }
  watch(
    rows,
    () => {
      // The library aims at a row number, which belongs to another row after the change.
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

  /** At the start with its day and the lines above it. Returns false when the message is not among the rows. */
  function toMessage(messageId: string, align: 'center' | 'start' = 'center'): boolean {
    let index = indexOf(messageId)
    if (index === -1) return false
    if (align === 'start') while (isMark(rows.value[index - 1])) index -= 1
    virtualizer.value.scrollToIndex(index, { align })
    return true
  }

  /** Runs once, with the first rows: scrolls to the unread messages if they do not all fit, else to the end. */
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
   * The next day row pushes the sticky day away instead of covering it. This bypasses Vue because it runs every
   * frame. It writes only changes, because each write restyles the whole list.
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

  /** At the top no further scroll event comes, so loading continues by itself, one page per frame. */
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
   * A row that is measured for the first time above the visible text must not move it, whatever its height. While
   * scrolling towards older messages this applies to the whole screen and all above.
   */
  virtualizer.value.shouldAdjustScrollPositionOnItemSizeChange = (item, _delta, instance) => {
    const top = instance.scrollOffset ?? 0
    if (instance.itemSizeCache.has(item.key)) return item.end <= top
    const screen = instance.scrollDirection === 'backward' ? (instance.scrollRect?.height ?? 0) : 0
    return item.start < top + screen
  }
  watch(rows, () => reading && hold(reading), { flush: 'post' })

  // The newest line stays visible when the pane shrinks (keyboard, reply bar, banner).
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
