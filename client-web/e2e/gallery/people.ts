/** Made-up people for the gallery. */
import { conversationWith } from '../../src/messenger/contract'
import type {
  Account,
  Contact,
  Conversation,
  Message,
  MessageRequest,
} from '../../src/messenger/contract'

/** The gallery's clock stands at this moment. */
export const NOW = new Date('2026-03-12T14:32:00+01:00').getTime()
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

const identities = new Map<string, string>()

/** 53 characters that look like an identity key and are the same for the same name. */
export function identityOf(name: string): string {
  const known = identities.get(name) ?? madeUp(name)
  identities.set(name, known)
  return known
}

function madeUp(name: string): string {
  let seed = [...name].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7)
  return Array.from({ length: 53 }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return ALPHABET[(seed >>> 13) % 32]
  }).join('')
}

export function contact(username: string, over: Partial<Contact> = {}): Contact {
  const identity = identityOf(username)
  const fingerprint = identity.slice(-8)
  return {
    userId: `id-${username}`,
    username,
    name: over.nickname ?? username,
    nickname: null,
    code: `@${username}#${fingerprint}`,
    fingerprint,
    identity,
    trust: 'unverified',
    changedIdentity: null,
    relation: 'contact',
    alike: null,
    blocked: false,
    online: false,
    presence: true,
    addedAt: NOW - 40 * DAY,
    verifiedAt: null,
    postQuantum: true,
    ...over,
  }
}

let order = 0
export function message(username: string, over: Partial<Message> & { text?: string }): Message {
  order += 1
  const direction = over.direction ?? 'in'
  return {
    id: `m-${order}`,
    conversation: conversationWith(`id-${username}`),
    direction,
    status: direction === 'in' ? 'received' : 'read',
    kind: 'text',
    text: '',
    replyTo: null,
    notice: null,
    problem: null,
    sentAt: NOW,
    order,
    acceptedAt: null,
    deliveredAt: null,
    readAt: null,
    recipients: [],
    encryption: {
      origin: direction === 'in' ? 'contact' : 'this_device',
      device: 1,
      startedSession: false,
      fingerprint: identityOf(username).slice(-8),
      verified: false,
      postQuantum: true,
    },
    ...over,
  }
}

export function conversation(username: string, over: Partial<Conversation> = {}): Conversation {
  return {
    id: conversationWith(`id-${username}`),
    username,
    name: username,
    isNotes: false,
    last: null,
    activeAt: over.last?.sentAt ?? NOW - 20 * DAY,
    unread: 0,
    markedUnread: false,
    muted: false,
    mutedUntil: null,
    pinned: false,
    archived: false,
    typing: false,
    timer: 0,
    draft: '',
    sendsAgainAt: null,
    ...over,
  }
}

export function request(username: string, text: string, ago: number): MessageRequest {
  const { userId, code, identity } = contact(username)
  const last = message(username, { text })
  return { userId, username, code, identity, receivedAt: NOW - ago, count: 1, last }
}

const myIdentity = identityOf('mara')
export const account: Account = {
  userId: 'id-mara',
  username: 'mara',
  deviceId: 1,
  sessionId: 's-1',
  identity: myIdentity,
  fingerprint: myIdentity.slice(-8),
  code: `@mara#${myIdentity.slice(-8)}`,
  qr: `sealstream:contact?u=mara&k=${myIdentity}`,
  prekeysAvailable: 93,
  signedPrekeyAt: NOW - 2 * DAY,
  lastBackupAt: null,
}
