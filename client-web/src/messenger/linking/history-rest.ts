/**
 * On the old device: what came to it since it read the history for a new device, until the relay listed that one's
 * keys. From then on every content reaches the new device itself.
 */
import { aboutOf } from '@/messenger/contents/about'
import type { MessageRecord } from '@/messenger/core/message-record'
import { TurnChanges } from '@/messenger/core/serial'
import { conversations, contacts } from '@/messenger/core/stored-records'
import { conversationWith, DELETABLE_FOR } from '@/messenger/contract'
import type { SealedFile } from '@/messenger/sending/uploads'
import type { Services } from '@/messenger/session/services'
import { RelayError } from '@/wire/errors'
import { pointerOf } from './account-package'
import type { HistoryUpload } from './history-upload'

/** What the relay took before it listed the new device is pushed to this one within this time, ms. */
const ON_THE_WAY = 1_000
/** Times of other devices may be behind this one's; what is named twice is merged, ms. */
const SLACK = 3_600_000

interface Attempt {
  /** What another one missed is of no use to it. */
  readonly device: number
  readonly sealed: readonly SealedFile[]
  readonly rooms: string[]
}

export class HistoryRest {
  /** Of an attempt that the relay has no room for yet. */
  private waiting: Attempt | null = null

  constructor(
    private readonly services: Services,
    private readonly upload: HistoryUpload,
    private readonly bringUp: () => Promise<void>,
  ) {}

  /** Names the rest to the new device. Throws where the way is cut. */
  async run(): Promise<void> {
    const { core, targets, people, outbox } = this.services
    const owed = targets.linked.owed
    const { oneself } = people
    if (!owed || !oneself) return
    if (!this.services.isLive) throw new RelayError('no_answer', 'not caught up')
    await new Promise((done) => setTimeout(done, ON_THE_WAY))
    if (this.waiting?.device !== owed.device) {
      await this.upload.drop(this.waiting?.sealed ?? [])
      const sealed = await this.seal(owed.since - SLACK)
      this.waiting = { device: owed.device, sealed, rooms: [] }
    }
    const { sealed, rooms } = this.waiting
    if (!(await this.upload.findRooms(sealed, rooms))) {
      throw new RelayError('rate_limited', 'room for history')
    }
    await core.serial.run(async (turn) => {
      const changes = new TurnChanges(turn)
      const files = this.upload.stageOwed(changes, sealed, rooms).map(pointerOf)
      outbox.stage(changes, {
        to: core.account.userId,
        contentId: crypto.randomUUID(),
        body: {
          type: 'sync',
          for: aboutOf(oneself),
          silent: true,
          what: 'history',
          device: owed.device,
          files,
        },
        sentAt: core.now(),
        message: null,
      })
      targets.linked.stageEnd(changes)
      await core.store.commit(changes)
    })
    this.waiting = null
    await this.upload.stored(sealed, rooms)
    await this.bringUp()
  }

  private async seal(since: number): Promise<SealedFile[]> {
    const { store } = this.services.core
    const added = (await store.all(contacts)).filter(({ addedAt }) => addedAt >= since)
    const chats = new Set(added.map(({ userId }) => conversationWith(userId)))
    const people = {
      contacts: added,
      conversations: (await store.all(conversations)).filter(({ id }) => chats.has(id)),
    }
    return this.upload.seal(people, (message) => isChangedSince(message, since))
  }
}

/** Of a message that is deleted for everyone no time is known: those that may have been are among them. */
function isChangedSince(message: MessageRecord, since: number): boolean {
  const { order, kind, sentAt, edited, reactions = [], recipients } = message
  if (order >= since) return true
  if (kind === 'deleted') return sentAt >= since - 2 * DELETABLE_FOR
  if ((edited?.said.at ?? 0) >= since) return true
  if (reactions.some(({ said }) => said.at >= since)) return true
  return recipients.some((one) =>
    [one.acceptedAt, one.deliveredAt, one.readAt].some((at) => (at ?? 0) >= since),
  )
}
