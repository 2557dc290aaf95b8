/** What handles contents, put together of an account's services. */
import type { Amendments } from '@/messenger/chats/amendments'
import type { Chats } from '@/messenger/chats/chats'
import type { Requests } from '@/messenger/chats/requests'
import type { Core } from '@/messenger/core/core'
import type { HeldEnvelopes } from '@/messenger/keys/held-envelopes'
import type { KemMemory } from '@/messenger/keys/kem-memory'
import type { KeyWatch } from '@/messenger/keys/key-watch'
import type { SecurityLog } from '@/messenger/keys/security-log'
import type { People } from '@/messenger/people/people'
import type { Awaited } from '@/messenger/receiving/awaited'
import { ContentHandlers } from '@/messenger/receiving/content-handlers'
import type { DecryptionFailures } from '@/messenger/receiving/decryption-failures'
import type { Resends } from '@/messenger/receiving/resends'
import { IncomingMessages } from '@/messenger/receiving/incoming-messages'
import { SaidAbout } from '@/messenger/receiving/said-about'
import { SiblingChanges } from '@/messenger/receiving/sibling-changes'
import type { Receipts } from '@/messenger/sending/receipts'
import type { Removals } from '@/messenger/sending/removals'
import type { SiblingSync } from '@/messenger/sending/sibling-sync'

interface ContentParts {
  readonly core: Core
  readonly people: People
  readonly chats: Chats
  readonly log: SecurityLog
  readonly keys: KeyWatch
  readonly held: HeldEnvelopes
  readonly sync: SiblingSync
  readonly removals: Removals
  readonly memory: KemMemory
  readonly receipts: Receipts
  readonly requests: Requests
  readonly amendments: Amendments
  readonly awaited: Awaited
  readonly resends: Resends
  relationsChanged(): void
  historyDue: () => void
}

/** `decided`: called after the commit of another device's decision about somebody's key. */
export function contentHandlers(
  services: ContentParts,
  failures: DecryptionFailures,
  decided: SiblingChanges['decided'],
): ContentHandlers {
  const { core, people, chats, log, keys, held, sync, removals, memory } = services
  const { receipts, requests, amendments, awaited, resends } = services
  const shared = new SiblingChanges(core, people, chats, log, keys, held, sync, removals)
  shared.decided = decided
  shared.changed = () => services.relationsChanged()
  shared.historyNamed = () => services.historyDue()
  return new ContentHandlers(
    core,
    people,
    chats,
    new IncomingMessages(core, people, chats, receipts, requests, amendments),
    shared,
    memory,
    awaited,
    resends,
    failures,
    new SaidAbout(core, people, amendments),
  )
}
