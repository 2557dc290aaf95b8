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
  Progress,
  SecurityEvent,
  Settings,
  Task,
  UserId,
} from '@/messenger/contract'

/**
 * The state that the messenger shows, written only after it is stored. The Pinia stores implement
 * it; the messenger never reads it back.
 */
export interface View {
  app(patch: Partial<AppState>): void
  connection(patch: Partial<Connection>): void
  settings(settings: Settings): void
  progress(task: Task, progress: Progress | null): void
  contact(contact: Contact): void
  contactRemoved(id: UserId): void
  requests(requests: readonly MessageRequest[]): void
  conversation(conversation: Conversation): void
  /** Null: not on this device. */
  file(id: FileId, state: FileState | null): void
  conversationRemoved(id: ConversationId): void
  opened(id: ConversationId | null, messages: readonly Message[], hasOlder: boolean): void
  older(id: ConversationId, messages: readonly Message[], hasOlder: boolean): void
  message(message: Message): void
  messagesRemoved(id: ConversationId, messages: readonly MessageId[]): void
  loading(loading: boolean): void
  marks(marks: Marks): void
  /** A search may give something else than it gave before. */
  searchChanged(): void
  security(events: readonly SecurityEvent[]): void
  /** Everything about the account goes: locked or signed out. */
  clear(): void
}

const nothing = (): void => undefined

/** Of an account that is on no screen any more. */
export const hiddenView: View = {
  app: nothing,
  connection: nothing,
  settings: nothing,
  progress: nothing,
  contact: nothing,
  contactRemoved: nothing,
  requests: nothing,
  conversation: nothing,
  file: nothing,
  conversationRemoved: nothing,
  opened: nothing,
  older: nothing,
  message: nothing,
  messagesRemoved: nothing,
  loading: nothing,
  marks: nothing,
  searchChanged: nothing,
  security: nothing,
  clear: nothing,
}
