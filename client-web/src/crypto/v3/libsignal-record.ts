/**
 * libsignal's serialised session record, and the care it does not take itself: old chains and
 * skipped keys are erased (forward secrecy, bounded size), and one session can be tried without
 * touching its siblings.
 */
import { fromUtf8, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'

interface Chain {
  chainType: 1 | 2
  chainKey: { key?: string; counter: number }
  messageKeys: Record<string, string>
}

export interface SessionState {
  registrationId: number
  indexInfo: { closed: number; remoteIdentityKey: string; baseKey?: string; baseKeyType?: 1 | 2 }
  currentRatchet: { lastRemoteEphemeralKey: string; previousCounter: number }
  pendingPreKey?: { preKeyId?: number; signedKeyId: number; baseKey: string }
  oldRatchetList: { ephemeralKey: string; added: number }[]
  chains: Record<string, Chain>
}

export interface RecordState {
  version: string
  /** Keyed by base key. */
  sessions: Record<string, SessionState>
}

/** A message this many ratchet steps late still decrypts. */
export const KEPT_RATCHETS = 5
/** Keys kept for messages that were skipped, per session. */
export const KEPT_SKIPPED_KEYS = 500
/** How far a counter may jump; more costs the receiver too much. */
export const MAX_JUMP = 1000
/** Closed sessions kept for messages still on their way. */
export const KEPT_CLOSED = 4

export const parse = (session: Bytes): RecordState => JSON.parse(fromUtf8(session)) as RecordState
export const serialize = (record: RecordState): Bytes => utf8(JSON.stringify(record))

export function openEntry(record: RecordState): [string, SessionState] | undefined {
  return Object.entries(record.sessions).find(([, state]) => state.indexInfo.closed === -1)
}

/** Only this session, as if it were the open one: what is done to it leaves the others alone. */
export function isolate(record: RecordState, key: string): RecordState {
  const state = structuredClone(record.sessions[key]) as SessionState
  state.indexInfo.closed = -1
  return { version: record.version, sessions: { [key]: state } }
}

/** Puts an isolated session back, as the open one; the formerly open one is closed. */
export function reunite(record: RecordState, isolated: RecordState, now: number): RecordState {
  const sessions = { ...record.sessions }
  const open = openEntry(record)
  for (const [key, state] of Object.entries(isolated.sessions)) {
    if (open && open[0] !== key) {
      sessions[open[0]] = { ...open[1], indexInfo: { ...open[1].indexInfo, closed: now } }
    }
    sessions[key] = state
  }
  return { version: record.version, sessions }
}

/**
 * Which sessions to try for a message with this ratchet key: the one that knows the key, else the
 * open one, then closed ones, newest first.
 */
export function candidates(record: RecordState, ratchetKey: string): string[] {
  const rank = (state: SessionState): number =>
    ratchetKey in state.chains
      ? Infinity
      : state.indexInfo.closed === -1
        ? 8e15
        : state.indexInfo.closed
  return Object.entries(record.sessions)
    .sort(([, a], [, b]) => rank(b) - rank(a))
    .map(([key]) => key)
}

/** How many keys would be derived to read this message; Infinity when the chain is closed. */
export function jump(
  state: SessionState | undefined,
  message: { ratchetKey: string; counter: number; previousCounter: number },
): number {
  const chain = state?.chains[message.ratchetKey]
  if (chain) return message.counter - chain.chainKey.counter
  const last = state?.chains[state.currentRatchet.lastRemoteEphemeralKey]
  const behind = last?.chainKey.key ? message.previousCounter - last.chainKey.counter : 0
  return Math.max(behind, message.counter + 1)
}

export function prune(record: RecordState): RecordState {
  const entries = Object.entries(record.sessions)
  const closed = entries
    .filter(([, state]) => state.indexInfo.closed !== -1)
    .sort(([, a], [, b]) => b.indexInfo.closed - a.indexInfo.closed)
    .slice(0, KEPT_CLOSED)
  const open = entries.filter(([, state]) => state.indexInfo.closed === -1)
  return {
    version: record.version,
    sessions: Object.fromEntries(
      [...open, ...closed].map(([key, state]) => [key, pruneSession(state)]),
    ),
  }
}

function pruneSession(state: SessionState): SessionState {
  const oldRatchetList = state.oldRatchetList.slice(-KEPT_RATCHETS)
  // Newest last: skipped keys are dropped from the oldest chain first.
  const receiving = [
    ...oldRatchetList.map((old) => old.ephemeralKey),
    state.currentRatchet.lastRemoteEphemeralKey,
  ]
  const chains: Record<string, Chain> = {}
  for (const [key, chain] of Object.entries(state.chains)) {
    if (chain.chainType === 1 || receiving.includes(key)) chains[key] = chain
  }
  let room = KEPT_SKIPPED_KEYS
  for (const key of receiving.toReversed()) {
    const chain = chains[key]
    if (!chain) continue
    const kept = Object.entries(chain.messageKeys)
      .sort(([a], [b]) => Number(b) - Number(a))
      .slice(0, room)
    room -= kept.length
    chains[key] = { ...chain, messageKeys: Object.fromEntries(kept) }
  }
  return { ...state, oldRatchetList, chains }
}
