/** What the interface shows, made up; a test says only what it is about. */
import { conversationWith } from '@/messenger/contract'
import type { Contact, Message } from '@/messenger/contract'

export const aContact = (over: Partial<Contact> = {}): Contact => ({
  userId: '22222222-2222-4222-8222-222222222222',
  username: 'anna',
  name: over.nickname ?? over.username ?? 'anna',
  nickname: null,
  code: '@anna#AAAAAAAA',
  fingerprint: 'AAAAAAAA',
  identity: 'A'.repeat(53),
  trust: 'unverified',
  changedIdentity: null,
  relation: 'contact',
  alike: null,
  blocked: false,
  online: false,
  presence: true,
  addedAt: 1,
  verifiedAt: null,
  postQuantum: true,
  ...over,
})

export const aMessage = (over: Partial<Message> = {}): Message => ({
  id: '33333333-3333-4333-8333-333333333333',
  conversation: conversationWith(aContact().userId),
  direction: 'in',
  status: 'received',
  kind: 'text',
  text: 'hello',
  replyTo: null,
  notice: null,
  problem: null,
  sentAt: 1_700_000_000_000,
  order: 1,
  acceptedAt: null,
  deliveredAt: null,
  readAt: null,
  recipients: [],
  encryption: null,
  ...over,
})
