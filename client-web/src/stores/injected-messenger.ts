import { inject } from 'vue'
import type { InjectionKey } from 'vue'
import type { Messenger } from '@/messenger/contract'

export const messengerKey: InjectionKey<Messenger> = Symbol('messenger')

/** The commands, as provided by the app's bootstrap. */
export function useMessenger(): Messenger {
  const messenger = inject(messengerKey)
  if (!messenger) throw new Error('no messenger was provided to the app')
  return messenger
}
