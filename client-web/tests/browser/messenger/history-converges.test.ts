/**
 * History on its way to a new device, and changes that reach it before, between and after the parts: in the end it shows
 * what the old device shows.
 */
import { array, assert, asyncProperty, boolean, constantFrom, nat, record } from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { expect, test } from 'vitest'
import { stageHistory } from '@/messenger/linking/stage-history'
import { Core } from '@/messenger/core/core'
import { historyWanted } from '@/messenger/core/linking-records'
import { blankMessage, newRecipient } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import { WANTED } from '@/messenger/core/record-names'
import { Serial, TurnChanges } from '@/messenger/core/serial'
import { shownPage } from '@/messenger/core/kept-messages'
import { messages } from '@/messenger/core/stored-records'
import { hiddenView } from '@/messenger/core/view'
import { conversationWith, defaultSettings } from '@/messenger/contract'
import { newContact } from '@/messenger/people/people'
import { Services } from '@/messenger/session/services'
import { openStore } from '../../support/storage'

const anna = '11111111-1111-4111-8111-111111111111'
const bob = '22222222-2222-4222-8222-222222222222'
const chat = conversationWith(bob)
const idOf = (i: number): string => `33333333-3333-4333-8333-${String(i).padStart(12, '0')}`
/** Every second one is one's own. */
const senderOf = (i: number): string | null => (i % 2 === 0 ? null : bob)

interface Change {
  what: 'edit' | 'delete' | 'react' | 'remove' | 'clear' | 'write'
  /** Of those that are about one. */
  message: number
}

/** The parts of an account that is not connected, on a store of its own. */
async function device(deviceId: number, clock: () => number) {
  const { store } = await openStore()
  const account = { userId: anna, username: 'anna', deviceId, identity: null } as never
  const data = { store, account, settings: defaultSettings, tokens: null } as never
  const core = new Core(data, {
    engine: {} as never,
    api: {} as never,
    view: hiddenView,
    now: clock,
    elapsed: (() => 0) as never,
    deviceName: null,
    serial: new Serial(),
  })
  const place = { relay: location.origin, database: 'none' }
  const services = new Services(core, {} as never, {} as never, () => undefined, place)
  const commit = (stage: (changes: TurnChanges) => unknown) =>
    core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      await stage(changes)
      await store.commit(changes)
    })
  await commit((changes) => {
    const fields = { userId: bob, username: 'bob', identity: new Uint8Array(33) as never }
    services.people.stage(changes, newContact({ ...fields, relation: 'contact' }, 1))
    services.chats.stage(changes, chat, {})
  })
  return { services, store, commit }
}
type Device = Awaited<ReturnType<typeof device>>

const message = (i: number, order: number): MessageRecord => ({
  ...blankMessage,
  id: idOf(i),
  sender: senderOf(i),
  conversation: chat,
  kind: 'text',
  text: `text ${i}`,
  sentAt: order,
  order,
  recipients: senderOf(i) === null ? [newRecipient(bob, { status: 'delivered' })] : [],
})

async function shown({ store }: Device) {
  const page = await shownPage(store, chat, Infinity, 1_000)
  return page.map(({ id, kind, text, edited, reactions = [] }) => ({
    id,
    kind,
    text,
    earlier: edited?.before.map((one) => one.text) ?? [],
    reactions: reactions.map(({ by, emoji }) => `${by} ${emoji}`),
  }))
}

async function history({ store }: Device): Promise<MessageRecord[]> {
  const found: MessageRecord[] = []
  for await (const batch of store.everyMessage(messages)) found.push(...batch)
  return found
}

/** What a change is, on each device: on the old one at once, on the new one when its content comes. */
function changeOn(change: Change, at: number, written: number, newest: string | null) {
  return async ({ services, commit }: Device): Promise<void> => {
    const { amendments, chats, removals } = services
    await commit(async (changes) => {
      if (change.what === 'write') return chats.stageNew(changes, message(written, at), false)
      if (change.what === 'clear') {
        return removals.stageConversationUpto(changes, chat, newest, at)
      }
      const { message: i } = change
      const author = senderOf(i)
      const id = idOf(i)
      if (change.what === 'remove') {
        return removals.stageNamed(changes, chat, [id], [author === null])
      }
      const said = { device: 1, n: at, at }
      const about = { author, id, conversation: chat, said }
      if (change.what === 'react') {
        return amendments.stage(changes, { ...about, by: bob, what: 'reaction', value: `${at}` })
      }
      const what = change.what === 'edit' ? 'edit' : 'delete'
      const value = change.what === 'edit' ? `text at ${at}` : null
      return amendments.stage(changes, { ...about, by: author, what, value })
    })
  }
}

const LENGTH = 6
const change: Arbitrary<Change> = record({
  what: constantFrom(
    'edit',
    'edit',
    'delete',
    'react',
    'react',
    'remove',
    'remove',
    'clear',
    'write',
  ),
  message: nat(LENGTH - 1),
})

test('whatever comes first, the new device shows in the end what the old one shows', async () => {
  await assert(
    asyncProperty(
      array(change, { maxLength: 7 }),
      nat(7),
      array(nat(7), { minLength: 3, maxLength: 3 }),
      boolean(),
      async (all, snapshotAfter, arrivals, isReversed) => {
        let time = 1_000
        const clock = (): number => ++time
        const old = await device(1, clock)
        const fresh = await device(2, clock)
        await old.commit((changes) => {
          for (let i = 0; i < LENGTH; i++) {
            old.services.chats.stageNew(changes, message(i, clock()), false)
          }
        })
        const wanted = { files: [], total: 0, at: time, restOwed: true }
        await fresh.commit((changes) => changes.write(historyWanted, WANTED, wanted))
        await fresh.services.removedHistory.load()
        let taken = snapshotAfter === 0 ? await history(old) : null
        const live: ((one: Device) => Promise<void>)[] = []
        let written = LENGTH
        for (const [i, one] of all.entries()) {
          const [newest] = await shownPage(old.store, chat, Infinity, 1)
          const apply = changeOn(one, clock(), written, newest?.id ?? null)
          if (one.what === 'write') written += 1
          await apply(old)
          // All that happens from the snapshot on reaches the new device; what was before may.
          live.push(apply)
          if (i + 1 === snapshotAfter) {
            taken = await history(old)
            live.length = i % 2 === 0 ? 0 : live.length
          }
        }
        taken ??= await history(old)
        if (snapshotAfter > all.length) live.length = 0
        if (isReversed) taken = taken.toReversed()
        const third = Math.ceil(taken.length / 3)
        const parts = [0, 1, 2].map((i) => taken?.slice(i * third, (i + 1) * third) ?? [])
        for (let step = 0; step <= 7; step++) {
          for (const [i, part] of parts.entries()) {
            if (arrivals[i] !== step) continue
            const content = { contacts: [], conversations: [], messages: part }
            await fresh.commit((changes) => stageHistory(fresh.services, changes, content))
          }
          await live[step]?.(fresh)
        }
        expect(await shown(fresh)).toEqual(await shown(old))
      },
    ),
    { numRuns: 200 },
  )
}, 120_000)
