/** What is typed into the search, and whom it finds. */
import { afterEach, expect, test } from 'vitest'
import { defineComponent, h, ref } from 'vue'
import { useSearch } from '@/composables/search'
import type { SearchHit } from '@/messenger/contract'
import { useContactsStore } from '@/stores'
import { storesView } from '@/stores/view'
import { aContact, aMessage } from '../../support/examples'
import { mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

test('a person is found by the name however it is typed, and by a pasted code', () => {
  const query = ref('')
  let found: () => string[] = () => []
  const part = defineComponent(() => {
    const { people } = useSearch(query)
    found = () => people.value.map(({ username }) => username)
    return () => h('p')
  })
  mount(part, {}, { search: async () => [] })
  const { byId } = useContactsStore()
  for (const [index, username] of ['anna_k', 'bob'].entries()) {
    const userId = `${index}2222222-2222-4222-8222-222222222222`
    byId.set(userId, aContact({ userId, username }))
  }
  for (const typed of [
    'anna',
    'ANNA_K',
    '@anna_k',
    '＠ａｎｎａ',
    '@anna_k#7K3M9QXZ',
    '\u2068@anna_k\u2069',
  ]) {
    query.value = typed
    expect(found(), typed).toEqual(['anna_k'])
  }
  for (const typed of ['', ' ', '#7K3M9QXZ', 'carol']) {
    query.value = typed
    expect(found(), typed).toEqual([])
  }
})

test('a hit whose message goes leaves the list', async () => {
  let answer: SearchHit[] = [{ message: aMessage({ text: 'tent' }), name: 'bob', ranges: [] }]
  const query = ref('')
  let found: () => string[] = () => []
  const part = defineComponent(() => {
    const { hits } = useSearch(query)
    found = () => hits.value.map(({ message }) => message.text)
    return () => h('p')
  })
  mount(part, {}, { search: async () => answer })
  query.value = 'tent'
  await until(() => found().length === 1, 'found')
  answer = []
  storesView().searchChanged()
  await until(() => found().length === 0, 'gone')
})
