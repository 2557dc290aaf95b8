/** What is pasted into a field arrives whole: it is refused in words, never cut. */
import { afterEach, expect, test } from 'vitest'
import { nextTick } from 'vue'
import EnterCode from '@/components/contact/EnterCode.vue'
import ChangePassword from '@/components/settings/ChangePassword.vue'
import CredentialsForm from '@/components/welcome/CredentialsForm.vue'
import { byTestId, mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

function paste(field: HTMLInputElement, text: string): void {
  field.focus()
  document.execCommand('insertText', false, text)
}

test('a code with a long greeting around it is taken whole', async () => {
  const given: string[] = []
  mount(EnterCode, { busy: false, error: null, onSubmit: (code: string) => void given.push(code) })
  const text = `${'Hello, '.repeat(60)} @anna#7K3M9QXZ. Bye`
  paste(byTestId('add-contact-code') as HTMLInputElement, text)
  await nextTick()
  byTestId('add-contact-submit')?.click()
  expect(given).toEqual([text])
})

test('a name pasted with its sign is understood, a password too long is refused and kept', async () => {
  const calls: string[][] = []
  const register = async (...given: string[]): Promise<void> => void calls.push(given)
  const { root } = mount(CredentialsForm, { mode: 'register', username: '' }, { register })
  paste(byTestId('username') as HTMLInputElement, `${' '.repeat(30)}@Anna`)
  const password = byTestId('password') as HTMLInputElement
  paste(password, 'p'.repeat(257))
  await nextTick()
  byTestId('submit-register')?.click()
  await expect.poll(() => root.textContent).toContain('10 to 256 characters')
  expect(calls).toEqual([])
  expect(password.value).toHaveLength(257)
  password.select()
  document.execCommand('insertText', false, 'p'.repeat(256))
  await nextTick()
  byTestId('submit-register')?.click()
  await expect.poll(() => calls).toEqual([['anna', 'p'.repeat(256)]])
})

test('no field cuts a password', () => {
  const { root } = mount(ChangePassword, {})
  for (const field of root.querySelectorAll('input')) expect(field.maxLength).toBe(-1)
})
