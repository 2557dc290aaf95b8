/**
 * The person's decisions about a key: accept (pin) it, verify it. Nothing else makes them. Another key than
 * before ends sessions and counters of the old one. Of the held envelopes only those under that key are
 * opened; the outbox is sent under it.
 */
import type { TurnChanges } from '@/messenger/core/serial'
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import type { Store } from '@/storage/store'
import type { ContactRecord } from '@/messenger/core/records'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import type { People } from '@/messenger/people/people'
import { conversationWith } from '@/messenger/contract'
import type { UserId } from '@/messenger/contract'
import type { HeldEnvelopes } from './held-envelopes'
import type { SecurityLog } from './security-log'

export interface DecisionServices {
  people: People
  chats: Chats
  log: SecurityLog
  held: HeldEnvelopes
  core: Core
}

/** Adds the decision to `changes`; `keyDecided` follows the commit. */
export async function stageDecision(
  { people, chats, log, held, core }: DecisionServices,
  changes: TurnChanges,
  before: ContactRecord,
  identity: PublicKey,
  verified: boolean,
): Promise<void> {
  const { userId, changed } = before
  const about = { userId, identity }
  const conversation = conversationWith(userId)
  const renewed = !equal(before.identity, identity)
  const unproven = { verified: false, verifiedAt: null, devices: null }
  people.stage(changes, {
    ...before,
    changed: null,
    ...(renewed && { ...unproven, identity, kemDevices: [] }),
    ...(verified && { verified, verifiedAt: core.now() }),
  })
  held.stageOnly(changes, userId, identity)
  if (renewed) {
    await stageEnd(changes, core.store, userId)
    chats.stageNotice(changes, conversation, { type: 'identity_accepted' })
    log.stage(changes, 'identity_accepted', about)
  }
  if (changed && !equal(changed.identity, identity)) {
    log.stage(changes, 'identity_refused', { userId, identity: changed.identity })
  }
  if (verified) {
    chats.stageNotice(changes, conversation, { type: 'verified' })
    log.stage(changes, 'verified', about)
  }
}

/** The sessions with all of somebody's devices go. */
export async function stageSessionsEnd(
  changes: TurnChanges,
  store: Store,
  id: UserId,
): Promise<void> {
  for (const key of await store.keys('sessions')) {
    if (key.startsWith(`${id}.`)) changes.remove('sessions', key)
  }
}

/** Another identity begins anew, also to count. */
export async function stageEnd(changes: TurnChanges, store: Store, id: UserId): Promise<void> {
  await stageSessionsEnd(changes, store, id)
  for (const key of await store.keys('counters')) {
    const [kind, about = ''] = key.split('/')
    const theirs = about === id || about.startsWith(`${id}.`)
    // Base keys of old sessions are kept, so that none can be begun again.
    if (kind !== 'out' && kind !== 'begun' && theirs) changes.remove('counters', key)
  }
}
