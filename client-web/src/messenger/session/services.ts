/** The parts of an open messenger, put together once and taken down together. */
import { isNotLoaded } from '@/crypto/errors'
import { RelayError } from '@/wire/errors'
import type { TokenKeeper } from '@/wire/tokens'
import type { Wire } from '@/wire/wire'
import { ContentHandlers } from '@/messenger/receiving/content-handlers'
import { Amendments } from '@/messenger/chats/amendments'
import { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import type { Message, SessionEnd, UserId } from '@/messenger/contract'
import { Delivery } from '@/messenger/sending/delivery'
import { DeviceWatch } from '@/messenger/keys/device-watch'
import { Ephemerals } from '@/messenger/receiving/ephemerals'
import { ExpiredNotice } from '@/messenger/receiving/expired-notice'
import { DecryptionFailures } from '@/messenger/receiving/decryption-failures'
import { Greetings } from '@/messenger/sending/greetings'
import { adoptOldHeld, HeldEnvelopes } from '@/messenger/keys/held-envelopes'
import { Inbox } from '@/messenger/receiving/inbox'
import { KemMemory } from '@/messenger/keys/kem-memory'
import { KeyWatch } from '@/messenger/keys/key-watch'
import { RelayConnection } from './relay-connection'
import { MailboxPlace } from '@/messenger/receiving/mailbox-place'
import { EnvelopeDecryptor } from '@/messenger/receiving/envelope-decryptor'
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
import { Removals } from '@/messenger/sending/removals'
import { Awaited } from '@/messenger/receiving/awaited'
import { Resends } from '@/messenger/receiving/resends'
import { RetryRequests } from '@/messenger/receiving/retry-requests'
import { SaidAbout } from '@/messenger/receiving/said-about'
import { SentContents } from '@/messenger/sending/sent-contents'
import { SessionRenewal } from '@/messenger/receiving/session-renewal'
import { Requests } from '@/messenger/chats/requests'
import { SearchIndex } from '@/messenger/chats/search-index'
import { SecurityLog } from '@/messenger/keys/security-log'
import { Sessions } from '@/messenger/keys/sessions'
import { SiblingSync } from '@/messenger/sending/sibling-sync'
import { IncomingMessages } from '@/messenger/receiving/incoming-messages'
import { SiblingChanges } from '@/messenger/receiving/sibling-changes'
import { RelayClock } from '@/messenger/core/relay-clock'
import { SignedReceipts } from '@/messenger/sending/signed-receipts'
import { Targets } from '@/messenger/keys/targets'

/** While a connection stays open, keys expire and devices join. */
const UPKEEP_EVERY = 900_000

export class Services {
  readonly people: People
  readonly chats: Chats
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
  readonly requests: Requests
  readonly inbox: Inbox
  readonly prekeys: Prekeys
  readonly devices: OwnDevices
  readonly greetings: Greetings
  readonly presence: Presence
  readonly search: SearchIndex
  readonly files: AccountFiles
  readonly connection: RelayConnection
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
    this.chats = new Chats(core, this.people)
    this.amendments = new Amendments(core, this.chats)
    this.log = new SecurityLog(core, this.people)
    this.expiredNotice = new ExpiredNotice(core, this.log)
    this.targets = new Targets(core, this.people)
    const watch = new DeviceWatch(core, this.people, this.chats, this.log)
    this.memory = new KemMemory(core, this.people)
    this.sessions = new Sessions(core, this.targets, watch, this.memory)
    this.keys = new KeyWatch(core, this.people, this.chats, this.log)
    this.held = new HeldEnvelopes(core)
    this.signed = new SignedReceipts(core, this.log)
    this.relayClock = new RelayClock(core)
    const { people, chats, log, targets, sessions, keys, held, signed, relayClock, memory } = this
    this.sent = new SentContents(core)
    const delivery = new Delivery(core, people, targets, sessions, keys, signed)
    this.outbox = new Outbox(core, targets, chats, delivery, this.sent)
    this.sync = new SiblingSync(core, targets, this.outbox)
    this.receipts = new Receipts(core, people, this.outbox, this.sync)
    this.readMarks = new ReadMarks(core, people, chats, this.receipts, this.sync)
    this.requests = new Requests(core, people, chats)
    const renewal = new SessionRenewal(core, sessions, targets, keys)
    this.awaited = new Awaited(core, people, chats)
    this.retries = new RetryRequests(core, this.awaited, renewal, this.outbox, chats, log)
    const decryptor = new EnvelopeDecryptor(core, people, sessions, memory)
    const { receipts, requests } = this
    this.search = new SearchIndex(core, people)
    chats.added = (message) => this.search.add(message)
    this.amendments.changed = chats.added
    const { outbox, sync, search, sent, awaited } = this
    this.resends = new Resends(core, people, targets, outbox, sent, awaited, renewal)
    this.files = new AccountFiles(core, chats, outbox, place)
    const { removals: going } = this.files
    const { marks } = sync
    this.amendments.gone = (changes, message) => {
      going.stageDeleted(changes, message)
      marks.stageGone(changes, [message])
    }
    this.removals = new Removals(core, people, chats, held, outbox, receipts, search, memory, going)
    this.removals.gone = (changes, messages) => marks.stageGone(changes, messages)
    this.removals.conversationGone = (changes, id) => marks.stageConversationGone(changes, id)
    const shared = new SiblingChanges(core, people, chats, log, keys, held, sync, this.removals)
    shared.decided = (id, renewed) => this.inBackground(this.keyDecided(id, renewed))
    shared.changed = () => this.relationsChanged()
    const { amendments } = this
    const incoming = new IncomingMessages(core, people, chats, receipts, requests, amendments)
    const failures = new DecryptionFailures(core, people, chats, log, awaited, this.retries, watch)
    const handlers = new ContentHandlers(
      core,
      people,
      chats,
      incoming,
      shared,
      memory,
      awaited,
      this.resends,
      failures,
      new SaidAbout(core, people, amendments),
    )
    const moving = new MovingOver(core, sessions, targets, keys)
    handlers.olderSession = (id, device) => this.inBackground(moving.request(id, device))
    this.inbox = new Inbox(
      core,
      people,
      decryptor,
      handlers,
      failures,
      keys,
      held,
      this.expiredNotice,
      new MailboxPlace(core, log, relayClock),
    )
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
    const others = [relayClock, memory, this.files, this.awaited, this.amendments]
    await Promise.all([...parts, ...others].map((part) => part.load()))
    const now = Math.max(this.core.now(), relayClock.last ?? 0)
    this.inBackground(chats.bringBack(now))
    await adoptOldHeld(this.core, this.people, this.held)
    await this.outbox.load()
    await this.receipts.load()
    await this.greetings.load()
    this.requests.show()
    await this.log.tellDamage()
    for (const { userId } of this.people.all.values()) {
      this.inBackground(this.inbox.openHeld(userId))
    }
    if (this.stopped) return
    this.connection.start()
    this.upkeep = setInterval(() => this.keepUp(), UPKEEP_EVERY)
  }

  stop(): void {
    this.stopped = true
    if (this.upkeep) clearInterval(this.upkeep)
    this.connection.stop()
    this.inbox.stop()
    this.outbox.stop()
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
      lost: () => this.presence.lost(),
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
