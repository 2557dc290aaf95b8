/** Words that an input method puts together: they count as text, and confirming one sends nothing. */
import { afterEach, expect, test } from 'vitest'
import { nextTick, ref } from 'vue'
import ChatComposer from '@/components/chat/ChatComposer.vue'
import ChatSearch from '@/components/chat/ChatSearch.vue'
import EnterCode from '@/components/contact/EnterCode.vue'
import AttachDialog from '@/components/files/AttachDialog.vue'
import SearchField from '@/components/list/SearchField.vue'
import UiTextField from '@/components/ui/UiTextField.vue'
import { aMessage } from '../../support/examples'
import { byTestId, mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

type Field = HTMLInputElement | HTMLTextAreaElement

function compose(field: Field, text: string): void {
  field.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }))
  field.value = text
  field.dispatchEvent(new CompositionEvent('compositionupdate', { data: text, bubbles: true }))
  field.dispatchEvent(new InputEvent('input', { isComposing: true, bubbles: true }))
}

const endComposition = (field: Field): boolean =>
  field.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true }))

/** Returns the event after it was handled. `keyCode: 229` marks a key that the input method took. */
function press(
  field: Field,
  key: string,
  { keyCode = 0, isComposing = false } = {},
): KeyboardEvent {
  const event = new KeyboardEvent('keydown', {
    key,
    keyCode,
    isComposing,
    bubbles: true,
    cancelable: true,
  })
  field.dispatchEvent(event)
  return event
}

function composer() {
  const seen = { sent: [] as string[], drafts: [] as string[], typing: [] as boolean[] }
  mount(ChatComposer, {
    name: 'anna',
    draft: '',
    replyTo: null,
    enterSends: true,
    error: null,
    submit: async (text: string) => Boolean(seen.sent.push(text)),
    onDraft: (text: string) => void seen.drafts.push(text),
    onTyping: (active: boolean) => void seen.typing.push(active),
  })
  return { seen, field: byTestId('composer') as HTMLTextAreaElement }
}

test('Enter that confirms a word sends nothing in any order of events; the next Enter sends', async () => {
  const { seen, field } = composer()
  compose(field, 'にほんご')
  press(field, 'Enter', { keyCode: 229, isComposing: true })
  endComposition(field)
  press(field, 'Enter', { keyCode: 229 })
  await nextTick()
  expect(field.value).toBe('にほんご')
  expect(seen.sent).toEqual([])
  press(field, 'Enter', { keyCode: 13 })
  await expect.poll(() => seen.sent).toEqual(['にほんご'])
  expect(field.value).toBe('')
})

test('text under composition counts: button, counter, typing sign and draft', async () => {
  const { seen, field } = composer()
  compose(field, '語'.repeat(16_001))
  await nextTick()
  expect(document.querySelector('form > p[role="status"]')?.textContent).toContain('by 1 ')
  expect(seen.typing).toEqual([true])
  compose(field, '語')
  await nextTick()
  expect((byTestId('send') as HTMLButtonElement).disabled).toBe(false)
  unmountAll()
  expect(seen.drafts.at(-1)).toBe('語')
})

test('text under composition counts in every labelled field, and Enter that confirms submits no form', async () => {
  mount(EnterCode, { busy: false, error: null })
  const field = byTestId('add-contact-code') as HTMLInputElement
  compose(field, '＠ａｎｎａ')
  await nextTick()
  expect((byTestId('add-contact-submit') as HTMLButtonElement).disabled).toBe(false)
  endComposition(field)
  expect(press(field, 'Enter', { keyCode: 229 }).defaultPrevented).toBe(true)
  expect(press(field, 'Enter', { keyCode: 13 }).defaultPrevented).toBe(false)
})

test('Escape that ends a composition closes nothing around the field', () => {
  const { root } = mount(UiTextField, { label: 'Code', modelValue: '' })
  const field = root.querySelector('input') as HTMLInputElement
  const heard: string[] = []
  const hear = (event: KeyboardEvent): void => void heard.push(event.key)
  document.addEventListener('keydown', hear)
  press(field, 'Escape', { keyCode: 229, isComposing: true })
  press(field, 'Escape', { keyCode: 27 })
  document.removeEventListener('keydown', hear)
  expect(heard).toEqual(['Escape'])
})

test('a search follows the text under composition, and its keys belong to the input method', async () => {
  const query = ref('')
  const downs: number[] = []
  const { root } = mount(SearchField, () => ({
    modelValue: query.value,
    'onUpdate:modelValue': (text: string) => (query.value = text),
    onDown: () => void downs.push(1),
  }))
  const field = root.querySelector('input') as HTMLInputElement
  compose(field, 'かな')
  expect(query.value).toBe('かな')
  press(field, 'ArrowDown', { keyCode: 229, isComposing: true })
  press(field, 'Escape', { keyCode: 229, isComposing: true })
  expect([query.value, downs]).toEqual(['かな', []])
  press(field, 'ArrowDown', { keyCode: 40 })
  press(field, 'Escape', { keyCode: 27 })
  expect([query.value, downs]).toEqual(['', [1]])
})

test('the search in a chat asks for the text under composition', async () => {
  const asked: string[] = []
  const searchIn = async (_chat: unknown, text: string) => {
    asked.push(text)
    return []
  }
  const props = { id: aMessage().conversation, pane: () => null }
  const { root } = mount(ChatSearch, props, { searchIn })
  const field = root.querySelector('input') as HTMLInputElement
  compose(field, 'かな')
  await expect.poll(() => asked).toEqual(['かな'])
  endComposition(field)
})

test('a caption under composition is sent whole, and Enter that confirms a word sends no file', async () => {
  const sent: string[] = []
  const props = {
    open: true,
    name: 'anna',
    files: [new File(['notes'], 'notes.txt', { type: 'text/plain' })],
    send: async (_files: unknown, text: string) => void sent.push(text),
  }
  mount(AttachDialog, props, { largestFile: async () => 1_000_000 })
  await expect.poll(() => byTestId('caption')).not.toBeNull()
  const field = byTestId('caption') as HTMLTextAreaElement
  compose(field, 'かな')
  press(field, 'Enter', { keyCode: 229, isComposing: true })
  endComposition(field)
  // Safari's order. A handled Enter would begin to send, and keep the line from breaking.
  expect(press(field, 'Enter', { keyCode: 229 }).defaultPrevented).toBe(false)
  compose(field, 'かなとかな')
  await expect
    .poll(() => (byTestId('send-files') as HTMLButtonElement | null)?.disabled)
    .toBe(false)
  byTestId('send-files')?.click()
  await expect.poll(() => sent).toEqual(['かなとかな'])
})
