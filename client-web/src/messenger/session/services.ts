/** The parts of an open messenger, put together once and taken down together. */
import { isNotLoaded } from '@/crypto/errors'
import { RelayError } from '@/wire/errors'
import type { TokenKeeper } from '@/wire/tokens'
import type { Wire } from '@/wire/wire'
import { Amendments } from '@/messenger/chats/amendments'
import { Deadlines } from '@/messenger/chats/deadlines'
import { Timers } from '@/messenger/chats/timers'
import { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import type { Message, SessionEnd, UserId } from '@/messenger/contract'
import { Expirations } from '@/messenger/sending/expirations'
import { Delivery } from '@/messenger/sending/delivery'
import { DeviceWatch } from '@/messenger/keys/device-watch'
import { Ephemerals } from '@/messenger/receiving/ephemerals'
import { ExpiredNotice } from '@/messenger/receiving/expired-notice'
import { Greetings } from '@/messenger/sending/greetings'
import { adoptOldHeld, HeldEnvelopes } from '@/messenger/keys/held-envelopes'
import type { Inbox } from '@/messenger/receiving/inbox'
import { KemMemory } from '@/messenger/keys/kem-memory'
import { KeyWatch } from '@/messenger/keys/key-watch'
import { receiving } from './receiving'
import { RelayConnection } from './relay-connection'
import { MovingOver } from '@/messenger/keys/moving-over'
import { Outbox } from '@/messenger/sending/outbox'
import { OwnDevices } from './own-devices'
import { People } from '@/messenger/people/people'
import { Prekeys } from '@/messenger/keys/prekeys'
import { Presence } from './presence'
import { ReadMarks } from '@/messenger/sending/read-marks'
import { Receipts } from '@/messenger/sending/receipts'
import { stageText, writeText, type Written } from '@/messenger/sending/writing'
import type { FilePlace } from '@/messenger/sending/transfers'
import { AccountFiles } from './account-files'
import { RemovedHistory } from '@/messenger/chats/removed-history'
import { Removals } from '@/messenger/sending/removals'
import { Awaited } from '@/messenger/receiving/awaited'
import { Resends } from '@/messenger/receiving/resends'
import { RetryRequests } from '@/messenger/receiving/retry-requests'
import { SentContents } from '@/messenger/sending/sent-contents'
import { SessionRenewal } from '@/messenger/receiving/session-renewal'
import { Requests } from '@/messenger/chats/requests'
import { HistorySearch } from '@/messenger/chats/history-search'
import { SecurityLog } from '@/messenger/keys/security-log'
import { Sessions } from '@/messenger/keys/sessions'
import { SiblingSync } from '@/messenger/sending/sibling-sync'
import { RelayClock } from '@/messenger/core/relay-clock'
import { SignedReceipts } from '@/messenger/sending/signed-receipts'
import { Targets } from '@/messenger/keys/targets'

/** While a connection stays open, keys expire and devices join. */
const UPKEEP_EVERY = 900_000

export class Services {
  readonly people: People
  readonly chats: Chats
  readonly timers: Timers
  readonly deadlines: Deadlines
  readonly expirations: Expirations
  readonly amendments: Amendments
  readonly log: SecurityLog
  readonly expiredNotice: ExpiredNotice
  readonly targets: Targets
  readonly memory: KemMemory
  readonly sessions: Sessions
  readonly keys: KeyWatch
  readonly held: HeldEnvelopes
  readonly outbox: Outbox
  readonly sent: SentContents
  readonly awaited: Awaited
  readonly retries: RetryRequests
  readonly resends: Resends
  readonly sync: SiblingSync
  readonly receipts: Receipts
  readonly readMarks: ReadMarks
  readonly signed: SignedReceipts
  readonly relayClock: RelayClock
  readonly removals: Removals
  readonly removedHistory: RemovedHistory
  readonly requests: Requests
  readonly inbox: Inbox
  readonly prekeys: Prekeys
  readonly devices: OwnDevices
  readonly greetings: Greetings
  readonly presence: Presence
  readonly search: HistorySearch
  readonly files: AccountFiles
  readonly connection: RelayConnection
  /** Called when there is history to bring up or down. */
  historyDue: () => void = () => undefined
  private stopped = false
  /** Caught up: envelopes from now on were sent just now. */
  private live = false
  private upkeep: ReturnType<typeof setInterval> | null = null

  constructor(
    readonly core: Core,
    wire: Wire,
    tokens: TokenKeeper,
    ended: (reason: SessionEnd) => void,
    place: FilePlace,
  ) {
    this.people = new People(core)
    this.relayClock = new RelayClock(core)
    this.timers = new Timers(core)
    this.deadlines = new Deadlines(core, this.relayClock)
    const { timers, deadlines } = this
    this.chats = new Chats(core, this.people, timers, deadlines)
    this.removedHistory = new RemovedHistory(core)
    this.amendments = new Amendments(core, this.chats, this.removedHistory)
    this.log = new SecurityLog(core, this.people)
    this.expiredNotice = new ExpiredNotice(core, this.log)
    this.targets = new Targets(core, this.people)
    this.targets.linked.listed = () => this.historyDue()
    const watch = new DeviceWatch(core, this.people, this.chats, this.log)
    this.memory = new KemMemory(core, this.people)
    this.sessions = new Sessions(core, this.targets, watch, this.memory)
    this.keys = new KeyWatch(core, this.people, this.chats, this.log)
    this.held = new HeldEnvelopes(core)
    this.signed = new SignedReceipts(core, this.log)
    const { people, chats, log, targets, sessions, keys, signed, relayClock } = this
    this.sent = new SentContents(core)
    const delivery = new Delivery(core, people, targets, sessions, keys, signed)
    this.outbox = new Outbox(core, targets, chats, delivery, this.sent)
    this.sync = new SiblingSync(core, targets, this.outbox)
    this.receipts = new Receipts(core, people, this.outbox, this.sync)
    this.readMarks = new ReadMarks(core, people, chats, this.receipts, this.sync, deadlines)
    this.requests = new Requests(core, people, chats)
    const renewal = new SessionRenewal(core, sessions, targets, keys)
    this.awaited = new Awaited(core, people, chats)
    this.retries = new RetryRequests(core, this.awaited, renewal, this.outbox, chats, log)
    this.search = new HistorySearch(core, people)
    chats.added = (message) => this.search.add(message)
    this.amendments.changed = chats.added
    this.resends = new Resends(this, renewal)
    this.files = new AccountFiles(core, chats, this.outbox, place)
    const { removals: going } = this.files
    const { marks } = this.sync
    const stageGone: Removals['gone'] = (changes, messages) => {
      marks.stageGone(changes, messages)
      deadlines.stageGone(changes, messages)
    }
    this.amendments.gone = (changes, message) => {
      going.stageDeleted(changes, message)
      stageGone(changes, [message])
    }
    this.removals = new Removals(this, going)
    this.removals.gone = stageGone
    this.removals.conversationGone = (changes, id) => {
      marks.stageConversationGone(changes, id)
      deadlines.stageConversationGone(changes, id)
    }
    this.expirations = new Expirations(this)
    const { decryptor, handlers, inbox, shared } = receiving(this, watch)
    this.inbox = inbox
    shared.decided = (id, renewed) => this.inBackground(this.keyDecided(id, renewed))
    shared.changed = () => this.relationsChanged()
    shared.historyNamed = () => this.historyDue()
    const moving = new MovingOver(core, sessions, targets, keys)
    handlers.olderSession = (id, device) => this.inBackground(moving.request(id, device))
    this.prekeys = new Prekeys(core, log, relayClock)
    this.devices = new OwnDevices(core, targets, this.prekeys, this.outbox, log)
    handlers.sibling = (device, name) => this.inBackground(this.devices.met(device, name))
    this.greetings = new Greetings(core, people, chats, this.outbox)
    const ephemerals = new Ephemerals(core, decryptor)
    this.presence = new Presence(core, people, chats, sessions, ephemerals)
    this.connection = new RelayConnection(core, wire, tokens, this.events(ended))
    this.inbox.interrupted = () => this.connection.reconnect()
  }

  async start(): Promise<void> {
    await this.people.load()
    const { chats, log, targets, devices, held, inbox, expiredNotice, signed, sync } = this
    const { relayClock, memory } = this
    const parts = [chats, log, targets, devices, held, inbox, expiredNotice, signed, sync]
    const { files, awaited, amendments, removedHistory, timers, deadlines } = this
    const others = [relayClock, memory, files, awaited, amendments, removedHistory]
    const all = [...parts, ...others, timers, deadlines]
    await Promise.all(all.map((part) => part.load()))
    const now = Math.max(this.core.now(), relayClock.last ?? 0)
    this.inBackground(chats.bringBack(now))
    await adoptOldHeld(this.core, this.people, this.held)
    await this.outbox.load()
    await this.receipts.load()
    // Nothing is shown whose time is over.
    await this.expirations.sweep()
    this.chats.showAll()
    await this.greetings.load()
    this.requests.show()
    await this.log.logDamage()
    for (const { userId } of this.people.all.values()) {
      this.inBackground(this.inbox.openHeld(userId))
    }
    if (this.stopped) return
    this.connection.start()
    this.upkeep = setInterval(() => this.keepUp(), UPKEEP_EVERY)
  }

  /** All that the relay took before is here, or on its way here. */
  get isLive(): boolean {
    return this.live && this.core.socket !== null
  }

  stop(): void {
    this.stopped = true
    if (this.upkeep) clearInterval(this.upkeep)
    this.connection.stop()
    this.inbox.stop()
    this.outbox.stop()
    this.expirations.stop()
    this.files.stop()
    this.receipts.stop()
    this.greetings.stop()
    this.retries.stop()
    this.resends.stop()
    this.presence.lost()
    this.search.forget()
  }

  /** See `writeText`. */
  write = (...given: Written): Promise<Message> => writeText(this, ...given)

  /** As `write`, without the commit, and the draft stays. */
  stageText = (...given: Written): Promise<Message> => stageText(this, ...given)

  /**
   * After the commit of a decision about somebody's key: opens the envelopes held under it and sends
   * what waits. `renewed`: another key is pinned than before.
   */
  async keyDecided(userId: UserId, renewed: boolean): Promise<void> {
    await this.inbox.openHeld(userId)
    this.retries.request()
    if (renewed) await this.outbox.renew(userId)
    else this.outbox.resume(userId)
  }

  /** After the commit of a change of who may be heard or seen. */
  relationsChanged(): void {
    this.requests.show()
    this.outbox.resume()
    this.inBackground(this.presence.watch())
  }

  private events(
    ended: (reason: SessionEnd) => void,
  ): ConstructorParameters<typeof RelayConnection>[3] {
    return {
      opened: (log) => {
        this.live = false
        this.inbox.connected(log)
        this.outbox.resume()
        this.inBackground(this.expirations.sweep())
        this.inBackground(this.files.connected())
        this.inBackground(this.devices.look())
        this.inBackground(this.signed.connected())
        this.inBackground(this.presence.watch())
      },
      caughtUp: async (head) => {
        await this.inbox.caughtUp(head)
        this.live = true
        this.retries.request()
      },
      lost: () => {
        this.targets.disconnected()
        this.presence.lost()
      },
      ended,
      envelopes: (envelopes) => {
        this.inbox.receive(envelopes)
        if (this.live) for (const { from } of envelopes) this.presence.heardFrom(from)
      },
      expired: (upto, count) => this.inbox.expired({ upto, count }),
      presence: (userId, online) => this.presence.changed(userId, online),
      ephemeral: (from, body) => this.inBackground(this.presence.received(from, body)),
      prekeysLow: () => this.inBackground(this.prekeys.maintainPrekeys()),
    }
  }

  private keepUp(): void {
    this.inBackground(this.sent.prune())
    if (!this.core.socket) return
    this.inBackground(this.devices.look())
    this.retries.request()
  }

  /** Runs a job that may fail with the connection; it is repeated at the next one. */
  private inBackground(job: Promise<unknown>): void {
    job.catch((error: unknown) => {
      const expected =
        this.stopped ||
        error instanceof RelayError ||
        isNotLoaded(error) ||
        (error instanceof Error && error.name === 'StorageError')
      if (!expected) throw error
    })
  }
}
