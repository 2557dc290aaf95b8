/** An own message gets another text: what can be saved. */
import { afterEach, expect, test } from 'vitest'
import { nextTick, shallowRef } from 'vue'
import ChatComposer from '@/components/chat/ChatComposer.vue'
import type { Message, MessageFile } from '@/messenger/contract'
import { aMessage } from '../../support/examples'
import { byTestId, mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

const file: MessageFile = {
  id: 'file',
  kind: 'image',
  name: 'lake.jpg',
  type: 'image/jpeg',
  size: 1_000,
}

async function editing(over: Partial<Message>) {
  const edited = shallowRef<Message | null>(null)
  const saved: string[] = []
  mount(ChatComposer, () => ({
    name: 'anna',
    draft: '',
    replyTo: null,
    editing: edited.value,
    enterSends: true,
    error: null,
    sendVoice: async () => undefined,
    submit: async (text: string) => saved.push(text) > 0,
  }))
  await nextTick()
  edited.value = aMessage({ direction: 'out', ...over })
  await nextTick()
  const field = byTestId('composer') as HTMLTextAreaElement
  const save = byTestId('send') as HTMLButtonElement
  return {
    saved,
    save,
    field,
    async type(text: string): Promise<void> {
      field.value = text
      field.dispatchEvent(new InputEvent('input', { bubbles: true }))
      await nextTick()
    },
  }
}

test('the caption of files can be emptied; nothing that shows is nothing', async () => {
  const { saved, save, type } = await editing({ text: 'At the lake', files: [file] })
  await type('')
  expect(save.disabled).toBe(false)
  save.click()
  await type(' \u2800 ')
  save.click()
  await expect.poll(() => saved).toEqual(['', ''])
})

test('a message without files keeps a text', async () => {
  const { saved, save, field, type } = await editing({ text: 'At the lake' })
  await type('')
  expect(save.disabled).toBe(true)
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
  await nextTick()
  expect(saved).toEqual([])
})

test('a caption with control characters is refused as any text is', async () => {
  const { save, type } = await editing({ text: 'At the lake', files: [file] })
  await type('\u0001')
  expect(save.disabled).toBe(true)
})
