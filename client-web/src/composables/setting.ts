/** One setting as something a form can bind to; a change is stored by the messenger, then seen here. */
import { type WritableComputedRef, computed } from 'vue'
import type { Settings } from '@/messenger/contract'
import { useMessenger, useSettingsStore } from '@/stores'
import { useTold } from './told'

export function useSetting<K extends keyof Settings>(key: K): WritableComputedRef<Settings[K]> {
  const messenger = useMessenger()
  const settings = useSettingsStore()
  const told = useTold()
  return computed<Settings[K]>({
    get: () => settings.state[key],
    set: (value) => told(messenger.setSetting(key, value)),
  })
}
