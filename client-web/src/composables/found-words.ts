/**
 * Marks the words of a search in the bubbles on screen, by the CSS Custom Highlight API: the page's elements stay as
 * they are, and so does what is selected in them. A browser without it marks nothing; the bubble flashes there.
 */
import { onBeforeUnmount, onMounted, watch } from 'vue'
import type { MessageId } from '@/messenger/contract'
import { ranges } from '@/text/folding'

/** Names of the highlights, for `::highlight()`. */
const [ALL, HERE] = ['found', 'found-here']
/** Frames in which the list may still move after a jump. */
const MOVING = 40

export const canMarkWords = (): boolean => 'highlights' in CSS && typeof Highlight === 'function'

export interface FoundWords {
  /** What the bubbles lie in; null: not drawn. */
  readonly pane: () => HTMLElement | null
  /** Folded; empty: nothing is marked. */
  readonly words: () => string
  /** The message that the search stands at. */
  readonly here: () => MessageId | null
}

export function useFoundWords({ pane, words, here }: FoundWords): void {
  let asked = 0

  function mark(): void {
    asked = 0
    const needle = words()
    const found = needle === '' ? [] : [...textsIn(pane())]
    const inAll = found.flatMap((text) => rangesIn(text, needle))
    CSS.highlights.set(ALL, new Highlight(...inAll))
    const current = new Highlight(...textsOf(here()).flatMap((text) => rangesIn(text, needle)))
    current.priority = 1
    CSS.highlights.set(HERE, current)
  }

  function textsOf(message: MessageId | null): Element[] {
    const row = message && pane()?.querySelector(`[data-id="${CSS.escape(message)}"]`)
    return row ? [...textsIn(row)] : []
  }

  /** Bubbles come and go while one scrolls: once per frame. */
  function markSoon(): void {
    asked ||= requestAnimationFrame(mark)
  }

  /** A hit far down in a tall bubble is scrolled into sight, once the list stands still after the jump. */
  let following = 0
  function follow(): void {
    cancelAnimationFrame(following)
    let last = Number.NaN
    let left = MOVING
    const look = (): void => {
      left -= 1
      const [range] = textsOf(here()).flatMap((text) => rangesIn(text, words()))
      const top = range?.getBoundingClientRect().top ?? Number.NaN
      if (range && top === last) return reveal(range)
      last = top
      if (left > 0) following = requestAnimationFrame(look)
    }
    following = requestAnimationFrame(look)
  }

  function reveal(range: Range): void {
    const scroller = range.startContainer.parentElement?.closest('.chat')
    if (!scroller) return
    const [box, word] = [scroller.getBoundingClientRect(), range.getBoundingClientRect()]
    if (word.top >= box.top && word.bottom <= box.bottom) return
    scroller.scrollTop += word.top - box.top - box.height / 2
  }

  if (!canMarkWords()) return
  const observer = new MutationObserver(markSoon)
  onMounted(() => {
    const root = pane()
    if (root) observer.observe(root, { childList: true, characterData: true, subtree: true })
    mark()
  })
  watch([words, here], () => {
    markSoon()
    follow()
  })
  onBeforeUnmount(() => {
    observer.disconnect()
    cancelAnimationFrame(asked)
    cancelAnimationFrame(following)
    CSS.highlights.delete(ALL)
    CSS.highlights.delete(HERE)
  })
}

const textsIn = (root: Element | null): Iterable<Element> =>
  root?.querySelectorAll('[data-words]') ?? []

/** Where the words stand in an element, though links cut its text into several nodes. */
function rangesIn(element: Element, needle: string): Range[] {
  if (needle === '') return []
  const nodes: Text[] = []
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) nodes.push(walker.currentNode as Text)
  const text = nodes.map(({ data }) => data).join('')
  return ranges(text, needle).map(([start, end]) => {
    const range = new Range()
    let at = 0
    for (const node of nodes) {
      const until = at + node.length
      if (start >= at && start < until) range.setStart(node, start - at)
      if (end > at && end <= until) range.setEnd(node, end - at)
      at = until
    }
    return range
  })
}
