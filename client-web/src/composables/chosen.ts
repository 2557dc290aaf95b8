/** Messages of a chat that are chosen, to do one thing with all of them. The way back ends the choice first. */
import { computed, onScopeDispose, shallowRef } from 'vue'
import { useRouter } from 'vue-router'
import type { Router } from 'vue-router'
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
  const way = wayOf(router)
  const unguard = router.beforeEach(() => {
    const stays = way.isBack && ids.value !== null
    if (stays) end()
    return !stays
  })
  onScopeDispose(unguard)

  return { ids, chosen, choose, end }
}

interface Way {
  /** The navigation under way goes back in the browser's history. */
  isBack: boolean
}

/** One listener for each router: its history keeps them, and all that they see, until it ends. */
const ways = new WeakMap<Router, Way>()

function wayOf(router: Router): Way {
  const known = ways.get(router)
  if (known) return known
  const way = { isBack: false }
  ways.set(router, way)
  router.options.history.listen((_to, _from, { direction }) => {
    way.isBack = direction === 'back'
  })
  router.afterEach(() => {
    way.isBack = false
  })
  return way
}
