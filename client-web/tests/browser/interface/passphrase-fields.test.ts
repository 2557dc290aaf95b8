/** Choosing a passphrase: its strength comes from a part that is fetched, and may come late or not at all. */
import { afterEach, expect, test } from 'vitest'
import PassphraseFields from '@/components/settings/PassphraseFields.vue'
import { useToasts } from '@/composables/toasts'
import { MessengerError } from '@/messenger/contract'
import { byTestId, mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

const type = (id: string, text: string): void => {
  const field = byTestId(id) as HTMLInputElement
  field.value = text
  field.dispatchEvent(new Event('input', { bubbles: true }))
}
const meter = () => document.querySelector('[role="meter"]')?.getAttribute('aria-valuenow')

test('an answer for what was typed before counts for nothing', async () => {
  const answers = new Map<string, (strength: 0 | 4) => void>()
  let ready: string | null = null
  const props = { label: 'x', ready: null, 'onUpdate:ready': (now: string | null) => (ready = now) }
  mount(PassphraseFields, props, {
    passphraseStrength: (text) => new Promise((answer) => answers.set(text, answer)),
  })
  type('passphrase', 'long and strong enough')
  type('passphrase-repeat', 'weak')
  await until(() => answers.size === 1, 'asked')
  type('passphrase', 'weak')
  await until(() => answers.size === 2, 'asked again')
  answers.get('weak')?.(0)
  answers.get('long and strong enough')?.(4)
  await until(() => meter() === '0', 'the meter')
  expect(ready).toBeNull()
  type('passphrase', 'weaker')
  type('passphrase-repeat', 'weaker')
  await until(() => answers.size === 3, 'asked once more')
  answers.get('weaker')?.(4)
  await until(() => ready === 'weaker', 'ready')
})

test('where the list of words cannot be fetched, it is told, and nothing is suggested', async () => {
  const missing = () => Promise.reject(new MessengerError('offline'))
  const { faults } = mount(
    PassphraseFields,
    { label: 'x', ready: null },
    { suggestPassphrase: missing, passphraseStrength: missing },
  )
  byTestId('suggest')?.click()
  await until(() => useToasts().current.value !== null, 'told')
  expect(byTestId('suggested-passphrase')).toBeNull()
  expect(faults).toEqual([])
})
