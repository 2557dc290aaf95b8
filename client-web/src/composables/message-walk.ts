/** Arrow keys move between messages once one of them has the focus; the list is one stop of the tab key. */
import { type Ref, computed, nextTick, onBeforeUpdate, shallowRef } from 'vue'
import type { Message, MessageId } from '@/messenger/contract'

export interface MessageWalkOptions {
  readonly scroller: Readonly<Ref<HTMLElement | null>>
  readonly messages: () => readonly Message[]
  /** Brings the message into sight, so that it is drawn. */
  readonly reveal: (id: MessageId) => void
}

export function useMessageWalk({ scroller, messages, reveal }: MessageWalkOptions) {
  const tabStop = shallowRef<MessageId | null>(null)
  /** The newest, until another one had the focus. */
  const stop = computed(
    () => tabStop.value ?? messages().findLast((message) => message.kind !== 'notice')?.id,
  )

  function focusOn(id: MessageId): void {
    tabStop.value = id
    scroller.value
      ?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)
      ?.focus({ preventScroll: true })
  }

  async function walk(event: KeyboardEvent): Promise<void> {
    const target = event.target as HTMLElement
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (!step || target.dataset['testid'] !== 'message') return
    event.preventDefault()
    const bubbles = messages().filter((message) => message.kind !== 'notice')
    const at = bubbles.findIndex((message) => message.id === target.dataset['id'])
    const next = bubbles[at + step]
    if (!next) return
    tabStop.value = next.id
    reveal(next.id)
    await nextTick()
    focusOn(next.id)
  }

  onBeforeUpdate(() => {
    if (tabStop.value && !messages().some((message) => message.id === tabStop.value))
      tabStop.value = null
  })

  return { stop, walk, focusOn }
}
