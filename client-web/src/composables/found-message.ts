/** The message that the search of the open chat stands at, for the bubble that shows it. */
import { inject, provide, shallowRef } from 'vue'
import type { InjectionKey, ShallowRef } from 'vue'
import type { MessageId } from '@/messenger/contract'

const key: InjectionKey<ShallowRef<MessageId | null>> = Symbol('found message')

/** For the view of a chat. */
export function provideFoundMessage(): ShallowRef<MessageId | null> {
  const found = shallowRef<MessageId | null>(null)
  provide(key, found)
  return found
}

export const useFoundMessage = (): ShallowRef<MessageId | null> =>
  inject(key, () => shallowRef(null), true)
