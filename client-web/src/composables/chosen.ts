/** Messages of a chat that are chosen, to do one thing with all of them. */
import { computed, shallowRef } from 'vue'
import { MOST_CHOSEN } from '@/messenger/contract'
import type { Message, MessageId } from '@/messenger/contract'

export function useChosen(messages: () => readonly Message[]) {
  /** Null: nothing is being chosen. */
  const ids = shallowRef<ReadonlySet<MessageId> | null>(null)
  /** In the order of the chat. */
  const chosen = computed(() => messages().filter(({ id }) => ids.value?.has(id)))

  function choose({ id }: Message): void {
    const next = new Set(ids.value)
    if (!next.delete(id) && chosen.value.length < MOST_CHOSEN) next.add(id)
    ids.value = next
  }

  return { ids, chosen, choose, end: () => void (ids.value = null) }
}
