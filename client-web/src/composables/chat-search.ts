/** The search in one chat: its hits, newest first, and the one that is looked at. */
import { type Ref, computed, ref, shallowReadonly, shallowRef, watch } from 'vue'
import { useDebounceFn } from '@vueuse/core'
import type { ConversationId, MessageId } from '@/messenger/contract'
import { useMessenger, useSearchStore } from '@/stores'
import { useErrorText } from './errors'

export function useChatSearch(conversation: () => ConversationId) {
  const messenger = useMessenger()
  const searchable = useSearchStore()
  const errorText = useErrorText()
  const query = ref('')
  const wanted = computed(() => query.value.trim())
  const hits = shallowRef<readonly MessageId[]>([])
  const here = shallowRef<MessageId | null>(null)
  const searching = shallowRef(false)
  const error = shallowRef<string | null>(null)

  /** A hit that is still one stays the one that is looked at. */
  function take(found: readonly MessageId[]): void {
    hits.value = found
    if (here.value === null || !found.includes(here.value)) here.value = found[0] ?? null
  }

  const ask = useDebounceFn(async (text: string) => {
    const isWanted = (): boolean => text === wanted.value && text !== ''
    if (!isWanted()) return
    try {
      const found = await messenger.searchIn(
        conversation(),
        text,
        (part) => isWanted() && take(part),
      )
      if (isWanted()) take(found)
    } catch (cause) {
      if (isWanted()) error.value = errorText(cause)
    } finally {
      if (isWanted()) searching.value = false
    }
  }, 120)

  watch(wanted, (text) => {
    error.value = null
    searching.value = text !== ''
    if (text === '') take([])
    else void ask(text)
  })
  // A message that comes, is edited or deleted may be a hit now, or none any more.
  watch(
    () => searchable.changes,
    () => wanted.value !== '' && void ask(wanted.value),
  )

  /** `1`: the next older hit, `-1`: the next newer one; the last is followed by the first. */
  function step(by: 1 | -1): void {
    const count = hits.value.length
    const at = here.value === null ? -1 : hits.value.indexOf(here.value)
    if (count > 0) here.value = hits.value[(at + by + count) % count] ?? null
  }

  return {
    query,
    wanted,
    hits: shallowReadonly(hits) as Readonly<Ref<readonly MessageId[]>>,
    here: shallowReadonly(here),
    /** From 1; 0 without a hit. */
    place: computed(() => (here.value === null ? 0 : hits.value.indexOf(here.value) + 1)),
    searching: shallowReadonly(searching),
    error: shallowReadonly(error),
    step,
  }
}
