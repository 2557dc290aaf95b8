/** People and messages for a search text. Only the newest search's result is kept. */
import { type Ref, computed, shallowReadonly, shallowRef, watch } from 'vue'
import { useDebounceFn } from '@vueuse/core'
import type { Contact, SearchHit } from '@/messenger/contract'
import { useContactsStore, useMessenger, useSearchStore } from '@/stores'
import { readUsername } from '@/text/credentials'
import { useErrorText } from './errors'

export function useSearch(query: Readonly<Ref<string>>) {
  const messenger = useMessenger()
  const contacts = useContactsStore()
  const searchable = useSearchStore()
  const errorText = useErrorText()
  const wanted = computed(() => query.value.trim())
  const hits = shallowRef<readonly SearchHit[]>([])
  const searching = shallowRef(false)
  const error = shallowRef<string | null>(null)

  const people = computed(() => {
    // Finds a name in any spelling, also within a pasted contact code.
    const text = readUsername(wanted.value)
    const called = wanted.value.toLowerCase()
    if (called === '') return []
    const isMeant = ({ username, name }: Contact): boolean =>
      (text !== '' && username.includes(text)) || name.toLowerCase().includes(called)
    return contacts.contacts.filter(isMeant).slice(0, 20)
  })

  const ask = useDebounceFn(async (text: string) => {
    if (text !== wanted.value) return
    try {
      const found = await messenger.search(text, 100, (part) => {
        if (text === wanted.value) hits.value = part
      })
      if (text === wanted.value) hits.value = found
    } catch (cause) {
      if (text === wanted.value) error.value = errorText(cause)
    } finally {
      if (text === wanted.value) searching.value = false
    }
  }, 120)

  watch(wanted, (text) => {
    error.value = null
    searching.value = text !== ''
    if (text === '') hits.value = []
    else void ask(text)
  })

  // A message that comes, is edited or goes may be a hit now, or none any more.
  watch(
    () => searchable.changes,
    () => wanted.value !== '' && void ask(wanted.value),
  )

  return {
    active: computed(() => wanted.value !== ''),
    people,
    hits: shallowReadonly(hits),
    searching: shallowReadonly(searching),
    error: shallowReadonly(error),
  }
}
