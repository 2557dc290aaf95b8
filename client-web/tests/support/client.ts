import { onTestFinished } from 'vitest'
import type { SealedEngine } from '@/crypto/engine/engine'
import { startEngine } from '@/crypto/engine/remote'
import { webPasskeys } from '@/platform/passkeys'
import { webDeviceKeys } from '@/platform/web'
import { conversationWith, defaultSettings } from '@/messenger/contract'
import type {
  AppState,
  Connection,
  Contact,
  Conversation,
  ConversationId,
  FileId,
  FileState,
  Marks,
  Message,
  MessageId,
  MessageRequest,
  Messenger,
  SecurityEvent,
} from '@/messenger/contract'
import { createMessenger } from '@/messenger/messenger'
import type { StartedMessenger } from '@/messenger/messenger'
import { parseRefKey } from '@/messenger/core/message-record'
import type { View } from '@/messenger/core/view'
import type { AppOptions } from '@/messenger/session/app-options'
import { upsert } from '@/stores/message-list'
import type { RelayAddress } from '@/platform/platform'
import type { Wire } from '@/wire/wire'
import { engineThread, withFewPrekeys } from './engine'
import { freshName } from './storage'
import { TestRelay } from './test-relay'
import { until } from './wait'

/** The id that the wire knows of a message that is shown. */
export const wireId = (id: MessageId | undefined): string | undefined => parseRefKey(id ?? '')?.id

export const PASSWORD = 'correct horse battery'

/** What the stores would hold, as plain values. */
export class Shown implements View {
  state: Partial<AppState> = {}
  link: Partial<Connection> = {}
  contacts = new Map<string, Contact>()
  conversations = new Map<ConversationId, Conversation>()
  files = new Map<FileId, FileState>()
  waiting: readonly MessageRequest[] = []
  messages: readonly Message[] = []
  events: readonly SecurityEvent[] = []
  marked: Marks = { starred: new Set(), pinned: new Map() }
  open: ConversationId | null = null
  settingsShown = defaultSettings

  app = (patch: Partial<AppState>) => void Object.assign(this.state, patch)
  connection = (patch: Partial<Connection>) => void Object.assign(this.link, patch)
  settings = (all: typeof defaultSettings) => void (this.settingsShown = all)
  progress = () => undefined
  contact = (contact: Contact) => void this.contacts.set(contact.userId, contact)
  contactRemoved = (id: string) => void this.contacts.delete(id)
  requests = (requests: readonly MessageRequest[]) => void (this.waiting = requests)
  conversation = (chat: Conversation) => void this.conversations.set(chat.id, chat)
  file = (id: FileId, state: FileState | null) =>
    void (state ? this.files.set(id, state) : this.files.delete(id))
  conversationRemoved = (id: ConversationId) => void this.conversations.delete(id)
  opened = (id: ConversationId | null, messages: readonly Message[]) => {
    this.open = id
    this.messages = messages
  }
  older = (_id: string, messages: readonly Message[]) => {
    this.messages = [...messages, ...this.messages]
  }
  message = (message: Message) => void (this.messages = upsert(this.messages, message))
  messagesRemoved = (_id: string, ids: readonly string[]) => {
    this.messages = this.messages.filter((one) => !ids.includes(one.id))
  }
  loading = () => undefined
  marks = (all: Marks) => void (this.marked = all)
  searchChanges = 0
  searchChanged = () => void (this.searchChanges += 1)
  security = (events: readonly SecurityEvent[]) => void (this.events = events)
  clear = () => {
    this.contacts.clear()
    this.conversations.clear()
    this.files.clear()
    this.waiting = []
    this.messages = []
    this.events = []
    this.marked = { starred: new Set(), pinned: new Map() }
    Object.assign(this.state, { expired: null, newDevices: [] })
  }
}

export interface ClientOptions {
  /** Another device of the same person, or the same device again. */
  database?: string
  wire?: Wire
  deviceName?: string
  /** Another address of the relay than the page's own. */
  relay?: RelayAddress
  now?: () => number
  /** Something put between the client and its engine: to hold a step, or to let one fail. */
  engine?: (engine: SealedEngine) => SealedEngine
  /** What its engine runs in. */
  thread?: () => Worker
  /** Where the parts that only an account needs come from. */
  accountParts?: NonNullable<AppOptions['accountParts']>
  /** As many prekeys as the client asks for, where a test is about them. */
  wholeBatches?: boolean
}

/** A whole client: real engine in a worker, real IndexedDB, real locks; it ends with its test. */
export class Client {
  readonly shown = new Shown()
  readonly messenger: Messenger
  /** Files handed to the person. */
  readonly saved: { name: string; file: Blob }[] = []
  private readonly started: StartedMessenger

  constructor(
    readonly name: string,
    readonly relay: TestRelay,
    readonly options: ClientOptions = {},
    readonly database = options.database ?? freshName(),
  ) {
    this.started = createMessenger({
      view: this.shown,
      database: this.database,
      wire: options.wire ?? relay.wire(),
      ...(options.now && { now: options.now }),
      ...(options.accountParts && { accountParts: options.accountParts }),
      startEngine: () => {
        const remote = startEngine(options.thread ?? engineThread)
        const thrifty = options.wholeBatches ? remote.engine : withFewPrekeys(remote.engine)
        return { ...remote, engine: options.engine?.(thrifty) ?? thrifty }
      },
      platform: {
        name: 'web',
        ...(options.deviceName && { deviceName: options.deviceName }),
        relay: options.relay ?? { url: () => location.origin },
        deviceKeys: webDeviceKeys(`${this.database}-keys`),
        passkeys: webPasskeys,
        persist: async () => null,
        saveFile: async (name, file) => void this.saved.push({ name, file }),
      },
    })
    this.messenger = this.started.messenger
    onTestFinished(() => this.stop())
  }

  static async registered(name: string, relay: TestRelay, options: ClientOptions = {}) {
    const client = new Client(name, relay, options)
    await client.boot()
    await client.messenger.register(name, PASSWORD)
    return client
  }

  static async loggedIn(name: string, relay: TestRelay, options: ClientOptions = {}) {
    const client = new Client(name, relay, options)
    await client.boot()
    await client.messenger.login(name, PASSWORD)
    return client
  }

  /** On a new device, without a backup: the same name with another key. */
  static async anew(name: string, relay: TestRelay, options: ClientOptions = {}) {
    const client = await Client.loggedIn(name, relay, options)
    await client.messenger.startWithNewIdentity()
    return client
  }

  boot(): Promise<void> {
    return this.started.boot()
  }

  /** The page closes; what is on disk stays. */
  stop(): void {
    this.started.shutDown()
  }

  /** The same device after a reload. */
  async reloaded(options: ClientOptions = this.options): Promise<Client> {
    this.stop()
    const client = new Client(this.name, this.relay, options, this.database)
    await client.boot()
    return client
  }

  get code(): string {
    return this.shown.state.account?.code ?? ''
  }
  get userId(): string {
    return this.shown.state.account?.userId ?? ''
  }
  /** The conversation with this person, on the other's device. */
  get chat(): ConversationId {
    return conversationWith(this.userId)
  }
  /** The own key as text. */
  get identity(): string {
    return this.shown.state.account?.identity ?? ''
  }
  get qr(): string {
    return this.shown.state.account?.qr ?? ''
  }

  contact(of: Client): Contact | undefined {
    return this.shown.contacts.get(of.userId)
  }
  /** The new key that is shown for someone, as text. */
  newKeyOf(other: Client): string {
    return this.contact(other)?.changedIdentity ?? ''
  }
  eventTypes(): string[] {
    return this.shown.events.map((event) => event.type)
  }
  /** Texts and notices of the open conversation, in order; `awaited` or `lost` where one could not be read. */
  flow(): string[] {
    return this.shown.messages.map((one) => {
      if (one.kind === 'awaited') return one.lost ? 'lost' : 'awaited'
      return one.notice?.type ?? one.text
    })
  }
  received(): string[] {
    return this.shown.messages
      .filter((one) => one.direction === 'in' && !one.notice && one.kind !== 'awaited')
      .map((one) => one.text)
  }
  statuses(): string[] {
    return this.shown.messages.filter((one) => one.direction === 'out').map((one) => one.status)
  }
}

/** Two clients who do not know each other. */
export async function strangers(
  options: { anna?: ClientOptions; bob?: ClientOptions } = {},
  relay = new TestRelay(),
) {
  const [anna, bob] = await Promise.all([
    Client.registered('anna', relay, options.anna),
    Client.registered('bob', relay, options.bob),
  ])
  return { relay, anna, bob }
}

/** Each has added the other and looks at the chat; nothing has been written. */
export async function contacts(...given: Parameters<typeof strangers>) {
  const { relay, anna, bob } = await strangers(...given)
  await anna.messenger.addContactByCode(bob.code)
  await bob.messenger.addContactByCode(anna.code)
  await anna.messenger.openConversation(bob.chat)
  await bob.messenger.openConversation(anna.chat)
  return { relay, anna, bob }
}

/** Contacts who have written to each other: the sessions are answered. */
export async function acquaintedClients(options: ClientOptions = {}, relay = new TestRelay()) {
  const { anna, bob } = await contacts({ anna: options, bob: options }, relay)
  await anna.messenger.sendText(bob.chat, 'hello')
  await until(() => bob.received().includes('hello'), 'hello')
  await bob.messenger.sendText(anna.chat, 'hello back')
  await until(() => anna.received().includes('hello back'), 'hello back')
  return { relay, anna, bob }
}

/** The receipts for what acquainted clients wrote are through as well. */
export async function settledClients(...given: Parameters<typeof acquaintedClients>) {
  const { relay, anna, bob } = await acquaintedClients(...given)
  await until(() => anna.statuses()[0] === 'delivered', 'delivered')
  await until(() => bob.statuses()[0] === 'delivered', 'delivered')
  return { relay, anna, bob }
}
