/** Second thoughts about messages: another text, deletion for everyone, reactions. */
import { MOST_TARGETS } from '@/messenger/contents/delete/delete'
import type { DeleteBody } from '@/messenger/contents/delete/delete'
import type { EditBody } from '@/messenger/contents/edit/edit'
import type { ReactionBody } from '@/messenger/contents/reaction/reaction'
import { DELETABLE_FOR, EDITABLE_FOR, MessengerError } from '@/messenger/contract'
import type { ChatCommands, ConversationId, MessageId } from '@/messenger/contract'
import type { PendingRecord } from '@/messenger/core/content-records'
import { findMessage } from '@/messenger/core/kept-messages'
import { isHere, parseRefKey } from '@/messenger/core/message-record'
import type { MessageRecord, SaidRecord } from '@/messenger/core/message-record'
import { TurnChanges } from '@/messenger/core/serial'
import { mayWriteTo } from '@/messenger/people/people'
import { aboutOf } from '@/messenger/contents/about'
import { checkText } from '@/messenger/sending/checked-text'
import type { Services } from '@/messenger/session/services'
import { isEmoji } from '@/text/emoji'

type Commands = Pick<ChatCommands, 'edit' | 'deleteForAll' | 'react'>

export function amendingCommands(services: () => Services): Commands {
  /** @throws MessengerError `gone` */
  async function find(id: MessageId): Promise<MessageRecord> {
    const ref = parseRefKey(id)
    const message = ref && (await findMessage(services().core.store, ref))
    const isMessage = message && message.kind !== 'notice' && message.kind !== 'deleted'
    if (!isMessage || !isHere(message)) throw new MessengerError('gone')
    return message
  }

  /** @throws MessengerError `gone` for one of somebody else, `too_late` */
  async function own(id: MessageId, limit: number): Promise<MessageRecord> {
    const message = await find(id)
    if (message.sender !== null) throw new MessengerError('gone')
    if (services().core.now() - message.sentAt > limit) throw new MessengerError('too_late')
    return message
  }

  /** Later than the newest, also with a clock that was set back. */
  function saidNow(newest: SaidRecord | undefined): SaidRecord {
    const { core } = services()
    const device = core.account.deviceId
    return { device, n: 0, at: Math.max(core.now(), (newest?.at ?? 0) + 1) }
  }

  /** Changes the messages here, and sends the content that changes them elsewhere. */
  async function say(
    changes: TurnChanges,
    conversation: ConversationId,
    body: EditBody | DeleteBody | ReactionBody,
    said: readonly Omit<PendingRecord, 'conversation' | 'by'>[],
  ): Promise<void> {
    const { core, people, outbox, amendments, sync } = services()
    const person = people.inConversation(conversation)
    if (!person || !mayWriteTo(person)) throw new MessengerError('blocked')
    for (const change of said)
      await amendments.stage(changes, { ...change, conversation, by: null })
    const sentAt = said[0]?.said.at ?? core.now()
    const { userId: to } = person
    const isNote = to === core.account.userId
    // Of a note only one's other devices hear.
    if (!isNote || !sync.alone) {
      const sent = isNote ? { ...body, for: aboutOf(person) } : body
      outbox.stage(changes, {
        to,
        contentId: crypto.randomUUID(),
        body: sent,
        sentAt,
        message: null,
      })
    }
    await core.store.commit(changes)
  }

  return {
    edit(id, text) {
      return services().core.serial.run(async (turn) => {
        const message = await own(id, EDITABLE_FOR)
        const { id: target, conversation, kind, edited, text: before } = message
        checkText(text, message.files !== undefined)
        if (kind !== 'text') throw new MessengerError('gone')
        if (text === before) return
        const body: EditBody = { type: 'edit', target, text, silent: true }
        const what = { author: null, id: target, what: 'edit', value: text } as const
        const said = saidNow(edited?.said)
        await say(new TurnChanges(turn), conversation, body, [{ ...what, said }])
      })
    },
    deleteForAll(ids) {
      return services().core.serial.run(async (turn) => {
        const doomed = await Promise.all(ids.map((id) => own(id, DELETABLE_FOR)))
        const [first] = doomed
        if (!first || doomed.length > MOST_TARGETS) throw new MessengerError('gone')
        const there = doomed.filter(({ conversation }) => conversation === first.conversation)
        const targets = there.map((one) => one.id)
        const changes = new TurnChanges(turn)
        const unsent = new Set(targets)
        await services().outbox.entries.stageUntried(
          changes,
          (entry) => entry.message !== null && unsent.has(entry.contentId),
        )
        const body: DeleteBody = { type: 'delete', targets, silent: true }
        const said = saidNow(undefined)
        const what = { author: null, what: 'delete', value: null, said } as const
        await say(
          changes,
          first.conversation,
          body,
          targets.map((id) => ({ ...what, id })),
        )
      })
    },
    react(id, emoji) {
      if (emoji !== null && !isEmoji(emoji)) throw new MessengerError('invalid')
      return services().core.serial.run(async (turn) => {
        const { id: target, sender: author, conversation, reactions } = await find(id)
        const mine = reactions?.find(({ by }) => by === null)
        if ((mine?.emoji ?? null) === emoji) return
        const named = { user_id: author ?? services().core.account.userId, id: target }
        const body: ReactionBody = { type: 'reaction', target: named, emoji, silent: true }
        const what = { author, id: target, what: 'reaction', value: emoji } as const
        const said = saidNow(mine?.said)
        await say(new TurnChanges(turn), conversation, body, [{ ...what, said }])
      })
    },
  }
}
