/** What contents say about messages, as changes of these: by a person, or by another device of one's own. */
import type { Amendments } from '@/messenger/chats/amendments'
import { messageTimes } from '@/messenger/chats/message-times'
import type { About } from '@/messenger/contents/about'
import type { Named, OwnDeviceEffects, PersonEffects } from '@/messenger/contents/effects'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import type { PendingRecord } from '@/messenger/core/content-records'
import type { Core } from '@/messenger/core/core'
import type { SaidRecord } from '@/messenger/core/message-record'
import type { TurnChanges } from '@/messenger/core/serial'
import type { People } from '@/messenger/people/people'
import type { IncomingEnvelope } from '@/wire/types'
import type { Incoming } from './incoming-messages'

type Effects = 'edit' | 'deleteForAll' | 'react'
type Change = Pick<PendingRecord, 'author' | 'id' | 'what' | 'value'>

export class SaidAbout {
  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly amendments: Amendments,
  ) {}

  byPerson(
    changes: TurnChanges,
    userId: UserId,
    envelope: IncomingEnvelope,
    content: Incoming,
  ): Pick<PersonEffects, Effects> {
    const say = (change: Change): Promise<void> =>
      this.stage(changes, userId, userId, saidIn(envelope, content), change)
    return {
      edit: (id, value) => say({ author: userId, id, what: 'edit', value }),
      deleteForAll: async (targets) => {
        for (const id of targets) await say({ author: userId, id, what: 'delete', value: null })
      },
      react: async (target, value) => {
        const author = this.authorOf(target, userId)
        if (author === undefined) return
        await say({ author, id: target.id, what: 'reaction', value })
      },
    }
  }

  byOwnDevice(
    changes: TurnChanges,
    envelope: IncomingEnvelope,
    content: Incoming,
  ): Pick<OwnDeviceEffects, Effects> {
    const say = async ({ user_id: userId }: About, change: Change): Promise<void> => {
      if (!this.people.inConversation(conversationWith(userId), changes)) return
      await this.stage(changes, userId, null, saidIn(envelope, content), change)
    }
    return {
      edit: (about, id, value) => say(about, { author: null, id, what: 'edit', value }),
      deleteForAll: async (about, targets) => {
        for (const id of targets)
          await say(about, { author: null, id, what: 'delete', value: null })
      },
      react: async (about, target, value) => {
        const author = this.authorOf(target, about.user_id)
        if (author === undefined) return
        await say(about, { author, id: target.id, what: 'reaction', value })
      },
    }
  }

  confirm(...told: Parameters<Amendments['stageStatus']>): Promise<void> {
    return this.amendments.stageStatus(...told)
  }

  /** Undefined: neither of the two wrote it. */
  private authorOf({ user_id: author }: Named, other: UserId): UserId | null | undefined {
    if (author === this.core.account.userId) return null
    return author === other ? author : undefined
  }

  private stage(
    changes: TurnChanges,
    userId: UserId,
    by: UserId | null,
    said: SaidRecord,
    change: Change,
  ): Promise<void> {
    const conversation = conversationWith(userId)
    return this.amendments.stage(changes, { ...change, conversation, by, said })
  }
}

/** The relay's clock where the writer's differs: it also dated the message. */
const saidIn = ({ from, at }: IncomingEnvelope, content: Incoming): SaidRecord => ({
  device: from.device_id,
  n: content.n,
  at: messageTimes(content.sent_at, at).sentAt,
})
