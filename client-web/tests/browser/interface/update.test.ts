/** The offer of a new version. */
import { afterEach, expect, test } from 'vitest'
import { nextTick } from 'vue'
import UpdatePrompt from '@/components/system/UpdatePrompt.vue'
import { useAppStore } from '@/stores'
import { buttonNamed, mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

async function shown(): Promise<string | null> {
  await nextTick()
  const prompt = document.querySelector('section:not(.rise-leave-active)')
  return prompt?.querySelector('p')?.textContent?.trim() ?? null
}

test('put off, it comes again with each part that is gone, and says why', async () => {
  let applied = 0
  mount(UpdatePrompt, {}, { applyUpdate: async () => void applied++ })
  const { state } = useAppStore()
  expect(await shown()).toBeNull()
  state.updateReady = true
  expect(await shown()).toBe('A new version is ready.')
  buttonNamed('Later')?.click()
  expect(await shown()).toBeNull()
  for (const gone of [1, 2]) {
    state.partsGone = gone
    expect(await shown()).toContain('This part is gone')
    buttonNamed('Later')?.click()
    expect(await shown()).toBeNull()
  }
  state.partsGone = 3
  await nextTick()
  buttonNamed('Update')?.click()
  expect(applied).toBe(1)
})
