/** What is said to be copied was copied. */
import { afterEach, expect, test, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { useCopy } from '@/composables/copy'
import { useToasts } from '@/composables/toasts'
import { mount, unmountAll } from '../../support/mounted'

afterEach(() => {
  vi.restoreAllMocks()
  unmountAll()
})

/** A part that copies, in a dialog. */
function copier(): (text: string) => Promise<void> {
  let copy: (text: string) => Promise<void> = () => Promise.reject(new Error('not mounted'))
  const part = defineComponent(() => {
    copy = useCopy()
    return () => h('div', { role: 'dialog' }, h('button', 'Copy'))
  })
  mount(part, {})
  document.querySelector('button')?.focus()
  return copy
}

const refused = () => Promise.reject(new DOMException('refused', 'NotAllowedError'))
const said = () => useToasts().current.value?.text

test('it says so', async () => {
  const written = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue()
  await copier()('@anna#7K3M9QXZ')
  expect(written).toHaveBeenCalledWith('@anna#7K3M9QXZ')
  expect(said()).toBe('Copied')
})

test('a browser that refuses one way is asked the other one, from within the dialog', async () => {
  vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(refused)
  let selected = ''
  vi.spyOn(document, 'execCommand').mockImplementation(() => {
    const field = document.activeElement as HTMLTextAreaElement
    selected = field.closest('[role="dialog"]') ? field.value : 'outside of the dialog'
    return true
  })
  await copier()('the text')
  expect(selected).toBe('the text')
  expect(said()).toBe('Copied')
  expect(document.activeElement?.tagName).toBe('BUTTON')
  expect(document.querySelector('textarea')).toBeNull()
})

test('a browser that refuses both is said to have refused', async () => {
  vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(refused)
  vi.spyOn(document, 'execCommand').mockReturnValue(false)
  await copier()('the text')
  expect(said()).toContain('copy it yourself')
})
