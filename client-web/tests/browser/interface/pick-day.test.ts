/** The way to a date: what is asked, what is found, and what is said where nothing is. */
import { afterEach, expect, test } from 'vitest'
import PickDay from '@/components/chat/PickDay.vue'
import { dayText } from '@/composables/date-field'
import { useToasts } from '@/composables/toasts'
import { MessengerError } from '@/messenger/contract'
import type { Message } from '@/messenger/contract'
import { aMessage } from '../../support/examples'
import { byTestId, mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

const noon = (month: number, day: number): number => new Date(2026, month - 1, day, 12).getTime()

async function dialog(
  messages: readonly Message[],
  { day = null, fails = () => false }: { day?: number | null; fails?: () => boolean } = {},
) {
  const seen: string[] = []
  mount(
    PickDay,
    {
      id: aMessage().conversation,
      open: true,
      day,
      onShow: (id: string) => void seen.push(id),
      onEnd: () => void seen.push('end'),
      'onUpdate:open': (open: boolean) => void seen.push(open ? 'open' : 'closed'),
    },
    {
      firstMessageSince: async (_chat, at) => {
        if (fails()) throw new MessengerError('storage_failed')
        return messages.find(({ sentAt }) => sentAt >= at) ?? null
      },
    },
  )
  const field = () => byTestId('pick-day-field') as HTMLInputElement | null
  return {
    seen,
    field,
    async ask(text: string): Promise<void> {
      await until(() => byTestId('pick-day-go') !== null, 'the button')
      const input = field()
      if (!input) throw new Error('no field')
      input.value = text
      input.dispatchEvent(new Event('input', { bubbles: true }))
      byTestId('pick-day-go')?.click()
    },
    alert: () => document.querySelector('[role="alert"]')?.textContent?.trim() ?? null,
  }
}

const chat = [aMessage({ id: 'a', sentAt: noon(2, 3) }), aMessage({ id: 'b', sentAt: noon(2, 9) })]

test('the field has the focus first', async () => {
  const { field } = await dialog([aMessage({ sentAt: noon(3, 2) })])
  await until(() => field() !== null && document.activeElement === field(), 'the focus')
})

test('a day that has messages is shown, and nothing is said', async () => {
  const { seen, ask, field } = await dialog(chat, { day: noon(2, 9) })
  await until(() => field()?.min === '2026-02-03', 'where the chat begins')
  expect(field()?.value).toBe('2026-02-09')
  expect(field()?.max).toBe(dayText(Date.now()))
  const before = useToasts().current.value
  await ask('2026-02-03')
  await until(() => seen.length === 2, 'shown')
  expect(seen).toEqual(['closed', 'a'])
  expect(useToasts().current.value).toBe(before)
})

test('a day without messages leads to the next one, and to the newest where there is none', async () => {
  const { seen, ask } = await dialog(chat)
  await ask('2026-02-04')
  await until(() => seen.includes('b'), 'the next one')
  expect(useToasts().current.value?.text).toMatch(
    /^No messages on .*February.*\. This is the next one\.$|^No messages on .*February.*2026\. This/,
  )
  unmountAll()
  const later = await dialog(chat)
  await later.ask('2026-02-10')
  await until(() => later.seen.includes('end'), 'the newest')
  expect(useToasts().current.value?.text).toMatch(
    /^No messages since .*February.* These are the newest\.$/,
  )
})

test('the first message is one press away', async () => {
  const { seen } = await dialog(chat)
  await until(() => byTestId('pick-day-first') !== null, 'the button')
  byTestId('pick-day-first')?.click()
  await until(() => seen.includes('a'), 'shown')
})

test('a day before the chat, one that comes, and none at all are refused in words', async () => {
  const { seen, ask, alert, field } = await dialog(chat)
  const tomorrow = dayText(Date.now() + 86_400_000)
  for (const text of ['2026-02-02', tomorrow, '']) {
    await ask(text)
    await until(() => alert()?.startsWith('Choose a day from') ?? false, text)
    expect(field()?.getAttribute('aria-invalid')).toBe('true')
    field()?.dispatchEvent(new Event('input', { bubbles: true }))
    await until(() => alert() === null, 'taken back')
  }
  expect(seen).toEqual([])
})

test('an empty chat and a failed read each say so', async () => {
  await dialog([])
  await until(
    () => document.body.textContent?.includes('no messages in this chat') ?? false,
    'empty',
  )
  unmountAll()
  let failing = false
  const { alert, ask, seen } = await dialog(chat, { fails: (): boolean => failing })
  await until(() => byTestId('pick-day-go') !== null, 'the button')
  failing = true
  await ask('2026-02-03')
  await until(() => alert() !== null, 'the error')
  expect(seen).toEqual([])
})
