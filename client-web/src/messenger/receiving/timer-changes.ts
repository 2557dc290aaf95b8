/** Changes of how long messages stay: made here, by a person, or by another of one's own devices. Each leaves a notice. */
import type { Chats } from '@/messenger/chats/chats'
import type { Timers } from '@/messenger/chats/timers'
import type { OwnDeviceEffects, PersonEffects } from '@/messenger/contents/effects'
import { conversationWith } from '@/messenger/contract'
import type { ConversationId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import type { OutboxRecord } from '@/messenger/core/records'
import type { TurnChanges } from '@/messenger/core/serial'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import { isCopy } from '@/messenger/sending/copies'
import type { IncomingEnvelope } from '@/wire/types'
import type { Incoming } from './incoming-messages'

export class TimerChanges {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly timers: Timers,
  ) {}

  byPerson(
    changes: TurnChanges,
    { from }: IncomingEnvelope,
    content: Incoming,
  ): Pick<PersonEffects, 'setTimer'> {
    const { user_id: by, device_id: device } = from
    return {
      setTimer: (seconds) => {
        const person = this.people.find(by, changes)
        // Of a stranger, or somebody who was turned away.
        if (!person || !mayWriteTo(person)) return
        const change = { seconds, at: content.sent_at, by, device }
        this.noticing(changes, conversationWith(by), (id) =>
          this.timers.stageSettled(changes, id, change),
        )
      },
    }
  }

  byOwnDevice(
    changes: TurnChanges,
    { from }: IncomingEnvelope,
    content: Incoming,
  ): Pick<OwnDeviceEffects, 'setTimer'> {
    return {
      setTimer: (about, seconds) => {
        const conversation = conversationWith(about.user_id)
        if (!this.people.inConversation(conversation, changes)) return
        const { user_id: by, device_id: device } = from
        const change = { seconds, at: content.sent_at, by, device }
        this.noticing(changes, conversation, (id) => this.timers.stageSettled(changes, id, change))
      },
    }
  }

  /** The relay took the entry at `at`, by its clock; null: it never will. */
  stageSent(changes: TurnChanges, entry: OutboxRecord, at: number | null): void {
    const { to, body, contentId } = entry
    const { userId: by, deviceId: device } = this.core.account
    if (body.type !== 'timer' || isCopy(entry)) return
    this.noticing(changes, conversationWith(to), (id) => {
      this.timers.stageArrived(changes, id, contentId)
      if (at === null) return
      this.timers.stageSettled(changes, id, { seconds: body.seconds, at, by, device })
    })
  }

  /** Adds a notice if `stage` makes a difference for what is written from now on. */
  private noticing(
    changes: TurnChanges,
    id: ConversationId,
    stage: (id: ConversationId) => void,
  ): void {
    const before = this.timers.seconds(id, changes)
    stage(id)
    const seconds = this.timers.seconds(id, changes)
    if (seconds === before || !this.chats.has(id)) return
    const settled = this.timers.settled(id, changes)
    const mine = settled === null || settled.by === this.core.account.userId
    this.chats.stageNotice(changes, id, { type: 'timer', seconds, mine })
  }
}
