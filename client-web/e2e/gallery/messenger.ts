/** The commands behind the gallery: they answer at once out of the fixtures and reach no relay. */
import type { ConversationId, LinkStep, Message, Messenger } from '../../src/messenger/contract'
import { MessengerError } from '../../src/messenger/contract'
import {
  useConversationsStore,
  useMarksStore,
  useMessagesStore,
  useSettingsStore,
} from '../../src/stores'
import { pictureOf } from './pictures'
import { DAY, NOW, identityOf, message } from './people'

export interface GalleryData {
  /** By conversation id. */
  readonly messages: Readonly<Record<string, readonly Message[]>>
  /** Commands that never answer, to show what waiting looks like. */
  readonly hanging?: readonly (keyof Messenger)[]
  /** Where a new device is in being linked. */
  readonly linkStep?: LinkStep
  /** Commands that fail, with the code. */
  readonly failing?: { readonly [name in keyof Messenger]?: MessengerError | undefined }
}

const PAGE = 60

export function galleryMessenger(data: GalleryData): Messenger {
  const messages = useMessagesStore()
  const conversations = useConversationsStore()
  const settings = useSettingsStore()
  const marks = useMarksStore()
  const all = (id: string) => data.messages[id] ?? []

  function show(id: ConversationId, count: number): void {
    messages.messages = all(id).slice(-count)
    messages.hasOlder = count < all(id).length
    messages.open = id
  }
  async function send(to: string, text: string): Promise<Message> {
    const sent = message(to.replace('id-', ''), { direction: 'out', text, status: 'waiting' })
    messages.messages = [...messages.messages, sent]
    return sent
  }

  const answers: Partial<Messenger> = {
    async openConversation(id) {
      show(id, PAGE)
    },
    async closeConversation() {
      messages.open = null
      messages.messages = []
    },
    async loadOlder(id) {
      const before = messages.messages.length
      show(id, before + PAGE)
      return messages.messages.length > before
    },
    async loadUntil(id, wanted) {
      show(id, all(id).length)
      return all(id).some((one) => one.id === wanted)
    },
    sendText: send,
    openFile: async (_message, id) => pictureOf(id),
    keepFile: async () => undefined,
    largestFile: async () => 99_000_000,
    fileUse: async () =>
      [
        { conversation: 'id-anna', files: 214, bytes: 412_000_000 },
        { conversation: 'id-ben_k', files: 31, bytes: 58_400_000 },
        { conversation: 'id-emil_and_the_detectives_berlin', files: 1, bytes: 240_000 },
      ] as never,
    reply: send,
    starredMessages: async (id) =>
      Object.values(data.messages)
        .flat()
        .filter((one) => marks.starred.has(one.id) && (!id || one.conversation === id)),
    pinnedMessages: async (id) =>
      (marks.pinned.get(id) ?? []).flatMap((one) =>
        all(id).filter((message) => message.id === one),
      ),
    addContactByQr: async () => 'id-anna',
    addContactByCode: async () => 'id-anna',
    async markRead(id) {
      const conversation = conversations.byId.get(id)
      if (conversation) conversations.byId.set(id, { ...conversation, unread: 0 })
    },
    setInSight() {},
    setTyping() {},
    async saveDraft() {},
    async setSetting(key, value) {
      settings.state[key] = value
    },
    async search(text, limit = 100) {
      return Object.values(data.messages)
        .flat()
        .filter((one) => one.text.toLowerCase().includes(text.toLowerCase()))
        .slice(0, limit)
        .map((one) => {
          const at = one.text.toLowerCase().indexOf(text.toLowerCase())
          return {
            message: one,
            name: one.conversation.replace('id-', ''),
            ranges: [[at, at + text.length]] as const,
          }
        })
    },
    async searchIn(id, text) {
      const holds = (one: Message): boolean => one.text.toLowerCase().includes(text.toLowerCase())
      return all(id)
        .filter(holds)
        .map((one) => one.id)
        .toReversed()
    },
    async firstMessageSince(id, time) {
      return all(id).find((one) => one.kind !== 'notice' && one.sentAt >= time) ?? null
    },
    async safetyNumber(id) {
      const digits = [...id.repeat(60)].map(
        (char, index) => (char.charCodeAt(0) * (index + 3)) % 10,
      )
      return {
        groups: Array.from({ length: 12 }, (_, group) =>
          digits.slice(group * 5, group * 5 + 5).join(''),
        ),
        qr: `sealstream:safety?n=${digits.slice(0, 60).join('')}`,
        identity: identityOf(id.replace('id-', '')),
      }
    },
    async listDevices() {
      return [
        { deviceId: 1, registrationId: 9211, name: null, current: true },
        { deviceId: 2, registrationId: 120, name: 'Firefox (Linux)', current: false },
      ]
    },
    async listSessions() {
      return [
        {
          sessionId: 's-1',
          deviceId: 1,
          createdAt: NOW - 40 * DAY,
          lastUsedAt: NOW,
          current: true,
        },
        {
          sessionId: 's-2',
          deviceId: 2,
          createdAt: NOW - 9 * DAY,
          lastUsedAt: NOW - DAY,
          current: false,
        },
      ]
    },
    linkThisDevice: (shown) => {
      if (data.linkStep) shown(data.linkStep)
      return new Promise(() => {})
    },
    joinLink: async () => ({ device: 'Firefox (Android)' }),
    passkeySupported: async () => true,
    suggestPassphrase: async () => 'harbor-violet-anchor-thirty-maple-orbit',
    passphraseStrength: async (text) =>
      Math.min(4, Math.floor(text.length / 6)) as 0 | 1 | 2 | 3 | 4,
    async createBackup() {
      return { name: 'mara-2026-03-12.backup', file: new Blob(['gallery']) }
    },
    reconnect() {},
    cancel() {},
  }

  return new Proxy(answers, {
    get(target, name: keyof Messenger) {
      const failure = data.failing?.[name]
      if (failure) return () => Promise.reject(failure)
      if (data.hanging?.includes(name)) return () => new Promise(() => {})
      return target[name] ?? (async () => undefined)
    },
  }) as Messenger
}
