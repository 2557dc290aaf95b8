/** Messages that are chosen, and the way back. */
import { afterEach, expect, test } from 'vitest'
import { defineComponent, h } from 'vue'
import { useChosen } from '@/composables/chosen'
import { aMessage } from '../../support/examples'
import { mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

test('the way back ends the choice, and leads back only after it; other ways lead on', async () => {
  const message = aMessage({ id: 'a' })
  let chosen: ReturnType<typeof useChosen> | null = null
  const part = defineComponent(() => {
    chosen = useChosen(() => [message])
    return () => h('p')
  })
  const { router } = mount(part, {})
  const { ids, choose } = chosen as unknown as ReturnType<typeof useChosen>
  const path = () => router.currentRoute.value.path
  await router.push('/settings')
  await router.push('/starred')
  choose(message)
  router.back()
  await until(() => ids.value === null, 'ended')
  expect(path()).toBe('/starred')
  router.back()
  await until(() => path() === '/settings', 'back')
  choose(message)
  await router.push('/starred')
  expect(path()).toBe('/starred')
  expect(ids.value).not.toBeNull()
})
