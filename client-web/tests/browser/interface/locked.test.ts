/** A locked app: what was on screen is gone in the same frame, and erasing says what it cannot do. */
import { afterEach, describe, expect, test } from 'vitest'
import { nextTick } from 'vue'
import App from '@/App.vue'
import { setLanguage } from '@/i18n'
import { useAppStore } from '@/stores'
import LockScreen from '@/views/LockScreen.vue'
import UnopenedScreen from '@/views/UnopenedScreen.vue'
import WelcomeView from '@/views/WelcomeView.vue'
import { buttonNamed, byTestId, mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(async () => {
  unmountAll()
  await setLanguage('en')
})

test('what is locked is taken off the page at once, without a fade', async () => {
  const { root } = mount(App, {})
  const { state } = useAppStore()
  Object.assign(state, { phase: 'ready' })
  await until(() => root.querySelector('.shell') !== null, 'the chats')
  state.lock = { enabled: true, locked: true, passkey: false }
  await nextTick()
  expect(root.querySelector('.shell')).toBeNull()
  await until(() => byTestId('unlock-passphrase') !== null, 'the lock')
  expect(document.activeElement).toBe(byTestId('unlock-passphrase'))
  // What was being put away has been: the same screen stays.
  const field = byTestId('unlock-passphrase')
  state.phase = 'locked'
  await nextTick()
  expect(byTestId('unlock-passphrase')).toBe(field)
})

describe('erasing without the relay says that the account goes on listing the device', () => {
  test('on the lock screen, in every language, and that its log-in ends by itself', async () => {
    for (const [language, erase, loginEnds, listed] of [
      ['en', 'Erase this device', 'within 30 days', 'log in again'],
      ['de', 'Dieses Gerät löschen', 'innerhalb von 30 Tagen', 'Melde dich wieder an'],
    ] as const) {
      await setLanguage(language)
      let erased = 0
      mount(LockScreen, {}, { eraseDevice: async () => void (erased += 1) })
      buttonNamed(erase)?.click()
      await until(() => byTestId('erase-stays') !== null, 'the dialog')
      expect(byTestId('erase-stays')?.textContent).toContain(loginEnds)
      expect(byTestId('erase-stays')?.textContent).toContain(listed)
      expect(erased).toBe(0)
      const dialog = document.querySelector('[role="dialog"]')
      const confirm = [...(dialog?.querySelectorAll('button') ?? [])].at(-1)
      confirm?.click()
      await until(() => erased === 1, 'erased')
      unmountAll()
    }
  })

  test('where the storage does not open', async () => {
    mount(UnopenedScreen, {})
    byTestId('erase-device')?.click()
    await until(() => byTestId('erase-stays') !== null, 'the dialog')
    expect(byTestId('erase-stays')?.textContent).toContain('within 30 days')
  })

  test.each([
    ['revoked', true],
    ['device_inactive', false],
  ] as const)('to whom the relay has signed out (%s): %s', async (ended, listed) => {
    mount(WelcomeView, {})
    const { state } = useAppStore()
    Object.assign(state, { knownUsername: 'anna', ended })
    await nextTick()
    buttonNamed('Use another account')?.click()
    await until(() => document.querySelector('[role="dialog"]') !== null, 'the dialog')
    expect(byTestId('erase-stays') !== null).toBe(listed)
    expect(document.body.textContent).not.toContain('within 30 days')
  })
})
