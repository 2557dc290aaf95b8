import type {
  AppState,
  Connection,
  Contact,
  Conversation,
  Message,
  MessageId,
  MessageRequest,
  Progress,
  SecurityEvent,
  Settings,
  Task,
  UserId,
} from './contract'

/**
 * Where the messenger shows what it knows, always after it is stored. The Pinia stores implement
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
  conversationRemoved(id: UserId): void
  opened(id: UserId | null, messages: readonly Message[], hasOlder: boolean): void
  older(id: UserId, messages: readonly Message[], hasOlder: boolean): void
  message(message: Message): void
  messagesRemoved(id: UserId, messages: readonly MessageId[]): void
  loading(loading: boolean): void
  security(events: readonly SecurityEvent[]): void
  /** Everything about the account goes: locked or signed out. */
  clear(): void
}

/** Shows while `current`; what is shown later is of an account that is on no screen any more. */
export function showingWhile(current: () => boolean, view: View): View {
  const nothing = (): void => undefined
  return new Proxy(view, {
    get: (shown, name: keyof View) => (current() ? shown[name] : nothing),
  })
}
