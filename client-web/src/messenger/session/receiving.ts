/** What receives envelopes and handles their contents, put together of an open messenger's parts. */
import type { Amendments } from '@/messenger/chats/amendments'
import type { Chats } from '@/messenger/chats/chats'
import type { Deadlines } from '@/messenger/chats/deadlines'
import type { Requests } from '@/messenger/chats/requests'
import type { Timers } from '@/messenger/chats/timers'
import type { Core } from '@/messenger/core/core'
import type { RelayClock } from '@/messenger/core/relay-clock'
import type { HeldEnvelopes } from '@/messenger/keys/held-envelopes'
import type { KemMemory } from '@/messenger/keys/kem-memory'
import type { KeyWatch } from '@/messenger/keys/key-watch'
import type { SecurityLog } from '@/messenger/keys/security-log'
import type { Sessions } from '@/messenger/keys/sessions'
import type { People } from '@/messenger/people/people'
import type { Awaited } from '@/messenger/receiving/awaited'
import type { ExpiredNotice } from '@/messenger/receiving/expired-notice'
import type { Resends } from '@/messenger/receiving/resends'
import type { RetryRequests } from '@/messenger/receiving/retry-requests'
import type { Outbox } from '@/messenger/sending/outbox'
import type { Receipts } from '@/messenger/sending/receipts'
import type { Removals } from '@/messenger/sending/removals'
import type { SiblingSync } from '@/messenger/sending/sibling-sync'
import type { DeviceWatch } from '@/messenger/keys/device-watch'
import { ContentHandlers } from '@/messenger/receiving/content-handlers'
import { DecryptionFailures } from '@/messenger/receiving/decryption-failures'
import { EnvelopeDecryptor } from '@/messenger/receiving/envelope-decryptor'
import { Inbox } from '@/messenger/receiving/inbox'
import { IncomingMessages } from '@/messenger/receiving/incoming-messages'
import { MailboxPlace } from '@/messenger/receiving/mailbox-place'
import { SaidAbout } from '@/messenger/receiving/said-about'
import { SiblingChanges } from '@/messenger/receiving/sibling-changes'
import { TimerChanges } from '@/messenger/receiving/timer-changes'

/** Of an open messenger. */
interface Parts {
  readonly core: Core
  readonly people: People
  readonly chats: Chats
  readonly log: SecurityLog
  readonly expiredNotice: ExpiredNotice
  readonly keys: KeyWatch
  readonly held: HeldEnvelopes
  readonly sync: SiblingSync
  readonly removals: Removals
  readonly timers: Timers
  readonly deadlines: Deadlines
  readonly memory: KemMemory
  readonly sessions: Sessions
  readonly receipts: Receipts
  readonly requests: Requests
  readonly amendments: Amendments
  readonly awaited: Awaited
  readonly retries: RetryRequests
  readonly resends: Resends
  readonly relayClock: RelayClock
  readonly outbox: Outbox
}

interface Receiving {
  readonly decryptor: EnvelopeDecryptor
  readonly handlers: ContentHandlers
  readonly inbox: Inbox
  readonly shared: SiblingChanges
}

export function receiving(parts: Parts, watch: DeviceWatch): Receiving {
  const { core, people, chats, log, keys, held, sync, removals, deadlines, memory } = parts
  const { receipts, requests, amendments, awaited, retries, resends, relayClock } = parts
  const decryptor = new EnvelopeDecryptor(core, people, parts.sessions, memory)
  const shared = new SiblingChanges(core, people, chats, log, keys, held, sync, removals, deadlines)
  const timed = new TimerChanges(core, people, chats, parts.timers)
  parts.outbox.settled = (changes, entry, at) => timed.stageSent(changes, entry, at)
  const failures = new DecryptionFailures(core, people, chats, log, awaited, retries, watch)
  const handlers = new ContentHandlers(
    core,
    people,
    chats,
    new IncomingMessages(core, people, chats, receipts, requests, amendments, deadlines),
    shared,
    memory,
    awaited,
    resends,
    failures,
    new SaidAbout(core, people, amendments),
    timed,
  )
  const inbox = new Inbox(
    core,
    people,
    decryptor,
    handlers,
    failures,
    keys,
    held,
    parts.expiredNotice,
    new MailboxPlace(core, log, relayClock),
  )
  return { decryptor, handlers, inbox, shared }
}
