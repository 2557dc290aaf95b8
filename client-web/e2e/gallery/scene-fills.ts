/** Fills the stores for a scene, signed in or not. */
import {
  useAppStore,
  useConnectionStore,
  useContactsStore,
  useConversationsStore,
  useSecurityStore,
} from '../../src/stores'
import { conversationWith } from '../../src/messenger/contract'
import type { Conversation, LinkStep } from '../../src/messenger/contract'
import type { Missing } from '../../src/platform/requirements'
import type { GalleryData } from './messenger'
import { HOUR, MINUTE, NOW, account, contact, message, request } from './people'
import {
  annaMessages,
  awkward,
  contacts,
  conversations,
  longHistory,
  securityEvents,
  waiting,
} from './world'

export interface Scene {
  readonly path: string
  readonly fill: () => Partial<GalleryData> | void
  /** The app could not be drawn for this reason. */
  readonly crashed?: Error
  /** The app cannot run here. */
  readonly missing?: Missing
}

export function ready(): void {
  const { state } = useAppStore()
  state.phase = 'ready'
  state.account = account
  state.knownUsername = account.username
  useConnectionStore().state.state = 'online'
}

export function lived(): GalleryData {
  ready()
  const people = useContactsStore()
  for (const one of contacts) people.byId.set(one.userId, one)
  people.requests = [
    request('noah_w', 'Hi Mara, Anna gave me your code. Is the room still free?', 50 * MINUTE),
    request('xx_deals_xx', 'You have won', 26 * HOUR),
  ]
  for (const one of people.requests) {
    people.byId.set(
      one.userId,
      contact(one.username, {
        relation: 'request',
        alike: one.username === 'noah_w' ? 'name' : null,
      }),
    )
  }
  const chats = useConversationsStore()
  for (const one of conversations) chats.byId.set(one.id, one)
  useSecurityStore().events = securityEvents
  return {
    messages: {
      'id-anna': annaMessages,
      'id-ben_k': awkward,
      'id-kim': waiting,
      'id-clara': [
        message('clara', {
          text: 'Is this still your number?',
          sentAt: NOW - 6 * HOUR,
          encryption: {
            origin: 'contact',
            device: 1,
            startedSession: true,
            fingerprint: 'Q2M8XK40',
            verified: false,
          },
        }),
        message('clara', { text: 'Call you tonight?', sentAt: NOW - 5 * HOUR }),
        message('clara', {
          direction: 'out',
          text: 'Yes please, after eight',
          sentAt: NOW - 4 * HOUR,
        }),
        message('clara', {
          kind: 'notice',
          notice: { type: 'identity_changed' },
          sentAt: NOW - 34 * MINUTE,
        }),
        message('clara', {
          direction: 'out',
          text: 'Are you there?',
          sentAt: NOW - 20 * MINUTE,
          status: 'waiting',
          problem: 'identity_changed',
        }),
      ],
      get 'id-jonas'() {
        return longHistory(10_000)
      },
      'id-mara': [
        message('mara', {
          direction: 'out',
          text: 'Key of the bike lock is under the blue pot',
          sentAt: NOW - 7 * 24 * HOUR,
          status: 'accepted',
        }),
      ],
      'id-noah_w': [
        message('noah_w', {
          text: 'Hi Mara, Anna gave me your code. Is the room still free?',
          sentAt: NOW - 50 * MINUTE,
        }),
      ],
    },
  }
}

export function signedOut(): void {
  useAppStore().state.phase = 'signed_out'
}

/** Before one is in, where the server is chosen and not given by the page. */
export function onPhone(url: string | null): void {
  signedOut()
  useAppStore().state.relay = { url, choosable: true }
}

export function withoutIdentity(): void {
  Object.assign(useAppStore().state, { phase: 'needs_identity', knownUsername: 'mara' })
}

export const unopened = (trouble: 'damaged' | 'full' | 'offline' | 'failed'): Scene => ({
  path: '/',
  fill: () => void Object.assign(useAppStore().state, { phase: 'unopened', trouble }),
})

/** Sets the browser's answer to a question for permission. */
export function permit(permission: NotificationPermission): void {
  Object.defineProperty(Notification, 'permission', { get: () => permission })
}

export const at = (path: string): Scene => ({ path, fill: lived })
export const scene = (path: string, change: () => Partial<GalleryData> | void): Scene => ({
  path,
  fill: () => ({ ...lived(), ...change() }),
})

/** Of the length that a real one has. */
export const LINK_CODE = `sealstream:link?r=https%3A%2F%2Fchat.example.org&i=${'k3'.repeat(21)}x&k=${'Bq7-'.repeat(11)}&s=${'x_9Z'.repeat(10)}abc`

/** The new device at one step of a link. */
export const linking = (step: LinkStep): Scene => ({
  path: '/',
  fill: () => {
    signedOut()
    return { linkStep: step }
  },
})

/** One conversation of the list otherwise. */
export function pin(id: string, over: Partial<Conversation>): void {
  const { byId } = useConversationsStore()
  const one = byId.get(conversationWith(id))
  if (one) byId.set(one.id, { ...one, ...over })
}
