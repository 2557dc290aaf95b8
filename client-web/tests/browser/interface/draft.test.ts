/** A draft that is read from the device after the chat is drawn is neither passed over nor wiped. */
import { afterEach, expect, test } from 'vitest'
import { nextTick, ref } from 'vue'
import ChatComposer from '@/components/chat/ChatComposer.vue'
import { byTestId, mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

function composer(submit = async () => true) {
  const draft = ref('')
  const kept: string[] = []
  mount(ChatComposer, () => ({
    name: 'anna',
    draft: draft.value,
    replyTo: null,
    enterSends: true,
    error: null,
    submit,
    onDraft: (text: string) => void kept.push(text),
  }))
  const field = byTestId('composer') as HTMLTextAreaElement
  const type = (text: string): void => {
    field.value = text
    field.dispatchEvent(new InputEvent('input', { bubbles: true }))
  }
  return { draft, kept, field, type }
}

test('it is shown when it comes, and left as it is by who writes nothing', async () => {
  const { draft, kept, field } = composer()
  draft.value = 'half a sentence'
  await nextTick()
  expect(field.value).toBe('half a sentence')
  field.dispatchEvent(new FocusEvent('blur'))
  unmountAll()
  expect(kept).toEqual([])
})

test('it never takes the place of what is being written, which is kept when the chat is left', async () => {
  const { draft, kept, field, type } = composer()
  type('something else')
  draft.value = 'half a sentence'
  await nextTick()
  expect(field.value).toBe('something else')
  unmountAll()
  expect(new Set(kept)).toEqual(new Set(['something else']))
})

test('one that is sent as it was and refused comes back, whatever the store says meanwhile', async () => {
  let refuse = (): void => undefined
  const refused = new Promise<boolean>((done) => (refuse = () => done(false)))
  const { draft, field } = composer(() => refused)
  draft.value = 'half a sentence'
  await nextTick()
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
  await nextTick()
  expect(field.value).toBe('')
  refuse()
  await expect.poll(() => field.value).toBe('half a sentence')
  draft.value = '' // What was stored when it left, heard of late.
  await nextTick()
  expect(field.value).toBe('half a sentence')
})
