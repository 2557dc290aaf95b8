/** A dialog that is fetched when it is first opened. */
import { afterEach, expect, test } from 'vitest'
import { defineComponent, h, nextTick, useTemplateRef } from 'vue'
import { lateComponent, useWhenThere } from '@/composables/late-component'
import { useLateDialog } from '@/composables/late-dialog'
import WelcomeView from '@/views/WelcomeView.vue'
import { byTestId, mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

interface Shows {
  show(what: string): void
}

test('it is fetched once, with the first opening', async () => {
  let fetched = 0
  const Dialog = defineComponent({ render: () => h('p') })
  const late = useLateDialog(async () => ({ default: (fetched++, Dialog) }))
  expect([late.dialog.value, late.open.value, fetched]).toEqual([null, false, 0])
  await late.show()
  expect([late.dialog.value, late.open.value]).toEqual([Dialog, true])
  late.open.value = false
  await late.show()
  expect([late.open.value, fetched]).toEqual([true, 1])
})

test('one that does not come stays closed, and the next press fetches it', async () => {
  let reachable = false
  const Dialog = defineComponent({ render: () => h('p') })
  const late = useLateDialog(async () => {
    if (!reachable) throw new TypeError('Failed to fetch dynamically imported module')
    return { default: Dialog }
  })
  await late.show()
  expect([late.dialog.value, late.open.value]).toEqual([null, false])
  reachable = true
  await late.show()
  expect([late.dialog.value, late.open.value]).toEqual([Dialog, true])
})

test('a press before a part is fetched is done once it is there, the last of several', async () => {
  const done: string[] = []
  let come: ((part: { default: typeof Part }) => void) | undefined
  const fetched = new Promise<{ default: typeof Part }>((arrive) => (come = arrive))
  const Part = defineComponent({
    setup: (_props, { expose }) => {
      expose({ show: (what: string) => void done.push(what) })
      return () => h('p')
    },
  })
  const Late = lateComponent(() => fetched)
  let press: ((what: string) => void) | undefined
  mount(
    defineComponent(() => {
      const whenThere = useWhenThere(useTemplateRef<InstanceType<typeof Part> & Shows>('part'))
      press = (what) => whenThere((part) => part.show(what))
      return () => h(Late, { ref: 'part' })
    }),
    {},
  )
  press?.('one')
  press?.('two')
  expect(done).toEqual([])
  come?.({ default: Part })
  await until(() => done.length > 0, 'done')
  press?.('three')
  await nextTick()
  expect(done).toEqual(['two', 'three'])
})

test('the way back after a loss opens from the welcome, and gives the focus back', async () => {
  const { faults } = mount(WelcomeView, {})
  const opener = byTestId('recovery-open')
  opener?.focus()
  opener?.click()
  await until(() => byTestId('recovery-backup') !== null, 'the dialog')
  document.activeElement?.dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }),
  )
  await until(() => byTestId('recovery-backup') === null, 'it closed')
  await until(() => document.activeElement === opener, 'the focus back')
  expect(faults).toEqual([])
})
