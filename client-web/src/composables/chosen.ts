/** Messages of a chat that are chosen, to do one thing with all of them. The way back ends the choice first. */
import { computed, onScopeDispose, shallowRef } from 'vue'
import { useRouter } from 'vue-router'
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

  const end = (): void => void (ids.value = null)

  const router = useRouter()
  let isBack = false
  const forget = router.options.history.listen((_to, _from, { direction }) => {
    isBack = direction === 'back'
  })
  const unguard = router.beforeEach(() => {
    const stays = isBack && ids.value !== null
    isBack = false
    if (stays) end()
    return !stays
  })
  onScopeDispose(() => {
    forget()
    unguard()
  })

  return { ids, chosen, choose, end }
}
