/** One setting as a writable ref. The messenger stores a change; the ref then shows it. */
import { type WritableComputedRef, computed } from 'vue'
import type { Settings } from '@/messenger/contract'
import { useMessenger, useSettingsStore } from '@/stores'
import { useToastErrors } from './error-toasts'

export function useSetting<K extends keyof Settings>(key: K): WritableComputedRef<Settings[K]> {
  const messenger = useMessenger()
  const settings = useSettingsStore()
  const toastErrors = useToastErrors()
  return computed<Settings[K]>({
    get: () => settings.state[key],
    set: (value) => toastErrors(messenger.setSetting(key, value)),
  })
}
