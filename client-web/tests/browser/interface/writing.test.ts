/** What is being answered or edited in a chat whose messages come and go. */
import { afterEach, expect, test } from 'vitest'
import { defineComponent, h, nextTick, shallowRef } from 'vue'
import { useWriting } from '@/composables/writing'
import type { Message } from '@/messenger/contract'
import { aMessage } from '../../support/examples'
import { mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

test.each([['one of several', 2] as const, ['the only one', 1] as const])(
  '%s that disappears is answered no more, nor edited',
  async (_which, count) => {
    const all = ['a', 'b'].slice(0, count).map((id) => aMessage({ id }))
    const messages = shallowRef<readonly Message[]>(all)
    let writing: ReturnType<typeof useWriting> | null = null
    const part = defineComponent(() => {
      const { conversation } = aMessage()
      writing = useWriting(
        () => conversation,
        () => messages.value,
      )
      return () => h('p')
    })
    mount(part, {})
    const { reply, edit, replyTo, editing } = writing as unknown as ReturnType<typeof useWriting>
    for (const [begin, begun] of [
      [reply, replyTo],
      [edit, editing],
    ] as const) {
      messages.value = all
      await nextTick()
      begin(all[0] as Message)
      messages.value = [...all]
      await nextTick()
      expect(begun.value?.id).toBe('a')
      messages.value = all.slice(1)
      await nextTick()
      expect(begun.value).toBeNull()
    }
  },
)
