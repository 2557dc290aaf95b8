/** Stars and pins of messages, and the messages that have one. */
import { MessengerError, MOST_PINNED } from '@/messenger/contract'
import type { ConversationId, Message, MessageId } from '@/messenger/contract'
import { findMessage } from '@/messenger/core/kept-messages'
import type { Mark, MarkRecord } from '@/messenger/core/mark-record'
import { isHere, isShown, parseRefKey, sameMessage } from '@/messenger/core/message-record'
import type { MessageRecord, MessageRef } from '@/messenger/core/message-record'
import { TurnChanges } from '@/messenger/core/serial'
import { shownMessage } from '@/messenger/core/shown-message'
import type { Services } from '@/messenger/session/services'

/** More than `MOST_PINNED` pins of a conversation are none: the oldest go. @throws MessengerError `gone` */
export function setMark(
  services: Services,
  mark: Mark,
  ids: readonly MessageId[],
  on: boolean,
): Promise<void> {
  return services.core.serial.run(async (turn) => {
    const messages = await Promise.all(ids.map((id) => markable(services, id)))
    const changes = new TurnChanges(turn)
    for (const [conversation, some] of byConversation(messages)) {
      stage(services, changes, mark, conversation, some, on)
      if (mark === 'pinned' && on) {
        const before = await there(services, services.sync.marks.having(mark, conversation))
        const others = before.filter((one) => !some.some((message) => sameMessage(one, message)))
        const surplus = others.slice(Math.max(0, MOST_PINNED - some.length))
        if (surplus.length > 0) stage(services, changes, mark, conversation, surplus, false)
      }
    }
    await services.core.store.commit(changes)
  })
}

/** The latest first. */
export async function starred(
  services: Services,
  conversation?: ConversationId,
): Promise<Message[]> {
  const found = await there(services, services.sync.marks.having('starred', conversation))
  return found.toSorted((a, b) => b.sentAt - a.sentAt || b.order - a.order).map(shownMessage)
}

/** The one that was pinned last first. */
export async function pinned(services: Services, conversation: ConversationId): Promise<Message[]> {
  const found = await there(services, services.sync.marks.having('pinned', conversation))
  return found.slice(0, MOST_PINNED).map(shownMessage)
}

const isMarkable = (message: MessageRecord): boolean =>
  message.kind !== 'notice' && message.kind !== 'deleted' && isHere(message) && isShown(message)

async function markable({ core }: Services, id: MessageId): Promise<MessageRecord> {
  const ref = parseRefKey(id)
  const message = ref && (await findMessage(core.store, ref))
  if (!message || !isMarkable(message)) throw new MessengerError('gone')
  return message
}

/** A mark may be of a message that is not here, or not yet. */
async function there({ core }: Services, marks: readonly MarkRecord[]): Promise<MessageRecord[]> {
  const found = await Promise.all(marks.map((mark) => findMessage(core.store, mark)))
  return found.filter((message) => message !== null).filter(isMarkable)
}

function byConversation(messages: readonly MessageRecord[]) {
  const all = new Map<ConversationId, MessageRecord[]>()
  for (const message of messages) {
    all.set(message.conversation, [...(all.get(message.conversation) ?? []), message])
  }
  return all
}

/** Here, and for one's own other devices: later than all that is known of these marks. */
function stage(
  { core, people, sync }: Services,
  changes: TurnChanges,
  mark: Mark,
  conversation: ConversationId,
  refs: readonly MessageRef[],
  on: boolean,
): void {
  const known = refs.map((ref) => sync.marks.get(ref, changes)?.[mark]?.at ?? 0)
  const after = Math.max(...known)
  const person = people.inConversation(conversation)
  const named = { ids: refs.map(({ id }) => id), mine: refs.map(({ sender }) => sender === null) }
  const change =
    mark === 'starred'
      ? { what: 'star' as const, ...named, starred: on }
      : { what: 'pin_message' as const, ...named, pinned: on }
  const at = person ? sync.stage(changes, person, change, after) : Math.max(core.now(), after + 1)
  const state = { on, at, device: core.account.deviceId }
  for (const ref of refs) sync.marks.stage(changes, conversation, ref, mark, state)
}
