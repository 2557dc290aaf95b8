/** Presence and typing signs: exchanged with accepted contacts only, never stored. */
import type { EphemeralEffects } from '@/messenger/contents/effects'
import { typeOf } from '@/messenger/contents/registry'
import { counts } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import type { Ephemerals } from '@/messenger/receiving/ephemerals'
import { mayWriteTo } from '@/messenger/people/people'
import type { People } from '@/messenger/people/people'
import { SessionsMissing } from '@/messenger/keys/sessions'
import type { Sessions } from '@/messenger/keys/sessions'
import { identityText } from '@/crypto/contact/contact-code'
import { localIdentity } from '@/messenger/core/core'
import { HeardDevices } from './heard-devices'
import { conversationWith } from '@/messenger/contract'
import type { ConversationId, UserId } from '@/messenger/contract'

const REPEAT = 4_000
const SHOWN = 6_000
const MOST = 1_000

export class Presence {
  private inSight: ReadonlySet<ConversationId> = new Set()
  /** When "is typing" was last sent to each person, ms of `elapsed`; absent: not, or taken back. */
  private readonly typingSentAt = new Map<UserId, number>()
  /** End the typing signs that are shown. */
  private readonly typingTimers = new Map<UserId, ReturnType<typeof setTimeout>>()
  /** Presence events since the watch list was last sent: newer than its answer. */
  private eventsSince = new Map<UserId, boolean>()
  private readonly devices = new HeardDevices()

  constructor(
    private readonly core: Core,
    private readonly people: People,
    private readonly chats: Chats,
    private readonly sessions: Sessions,
    private readonly ephemerals: Ephemerals,
  ) {}

  /** The rows that are in sight of the person. */
  setInSight(ids: readonly ConversationId[]): void {
    const same = ids.length === this.inSight.size && ids.every((id) => this.inSight.has(id))
    if (same) return
    this.inSight = new Set(ids)
    this.watch().catch(() => undefined)
  }

  /**
   * Sends the watch list: people of the open chat and the rows in sight, never the whole contact list, and
   * only those for whom the person allows it. With the setting off the list is empty, and nobody sees us.
   */
  async watch(): Promise<void> {
    const { socket, settings } = this.core
    if (!socket) return
    const users = settings.presence
      ? this.people
          .accepted()
          .filter((one) => !one.presenceOff)
          .map((one) => one.userId)
          .filter((id) => this.isInSight(conversationWith(id)))
      : []
    const events = new Map<UserId, boolean>()
    this.eventsSince = events
    const online = await socket.watch(users.slice(0, MOST))
    if (this.eventsSince !== events) return // a later call has a later answer
    this.people.allOffline()
    for (const id of online) this.people.setOnline(id, true)
    for (const [id, isOnline] of events) this.people.setOnline(id, isOnline)
  }

  private isInSight(id: ConversationId): boolean {
    return id === this.chats.openChat.id || this.inSight.has(id)
  }

  changed(userId: UserId, online: boolean): void {
    if (!online) this.devices.forget(userId)
    if (!this.core.settings.presence || this.people.all.get(userId)?.presenceOff) return
    this.eventsSince.set(userId, online)
    this.people.setOnline(userId, online)
  }

  /** Something came from this device just now. */
  heardFrom(from: { user_id: string; device_id: number }): void {
    this.devices.note(from.user_id, from.device_id, this.core.elapsed())
  }

  lost(): void {
    this.devices.clear()
    this.people.allOffline()
    for (const id of this.typingTimers.keys()) this.show(id, false)
  }

  async received(
    from: { user_id: string; device_id: number },
    body: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const person = this.people.all.get(from.user_id)
    if (!person || !mayWriteTo(person)) return
    this.heardFrom(from)
    // Read also when it is not shown: the ratchet goes on.
    const content = await this.ephemerals.read(from, body)
    if (content) typeOf(content).fromEphemeral?.(this.effects(from.user_id), content)
  }

  private effects(userId: UserId): EphemeralEffects {
    return {
      typing: (active) => {
        if (this.core.settings.typingIndicators) this.show(userId, active)
      },
    }
  }

  /** At most every few seconds; only where a session is open, and to devices that are online. */
  async typing(id: ConversationId, active: boolean): Promise<void> {
    const { socket, settings, elapsed } = this.core
    const person = this.people.inConversation(id)
    if (!socket || !settings.typingIndicators || !person?.devices || !mayWriteTo(person)) return
    const { userId } = person
    if (person.changed || !this.people.isOnline(userId)) return
    const last = this.typingSentAt.get(userId)
    if (active && last !== undefined && elapsed() - last < REPEAT) return
    if (!active && last === undefined) return
    if (active) this.typingSentAt.set(userId, elapsed())
    else this.typingSentAt.delete(userId)
    const envelopes = await this.encrypt(userId, active)
    if (envelopes.length > 0) await socket.ephemeral(userId, envelopes)
  }

  private async encrypt(userId: UserId, active: boolean) {
    const person = this.people.get(userId)
    const { account } = this.core
    const devices = [...this.devices.among(userId, person.devices ?? [], this.core.elapsed())]
    if (devices.length === 0) return []
    return this.sessions.serial.run(async (turn) => {
      const n = (await this.core.store.get(counts, `out/${userId}`)) ?? 0
      const changes = new TurnChanges(turn)
      try {
        const all = await this.sessions.encrypt(changes, person, devices, {
          v: 1,
          id: crypto.randomUUID(),
          from: {
            user_id: account.userId,
            device_id: account.deviceId,
            username: account.username,
            identity: identityText(localIdentity(this.core).publicKey),
            ...(account.kem?.published && { pq: 1 as const }),
          },
          to: userId,
          n,
          sent_at: this.core.now(),
          type: 'typing',
          active,
        })
        // An unanswered session would have to carry the key agreement: not for this.
        if (all.some((envelope) => envelope.kind === 'prekey')) return []
        // Not worth a flush: it reaches the disk with the next message, before that one leaves.
        await this.core.store.commit(changes, 'relaxed')
        return all.map(({ device_id, body }) => ({ device_id, body }))
      } catch (error) {
        if (error instanceof SessionsMissing) return []
        throw error
      }
    })
  }

  private show(userId: UserId, active: boolean): void {
    clearTimeout(this.typingTimers.get(userId))
    this.typingTimers.delete(userId)
    if (active)
      this.typingTimers.set(
        userId,
        setTimeout(() => this.show(userId, false), SHOWN),
      )
    this.chats.setTyping(conversationWith(userId), active)
  }
}
