import type { View } from '@/messenger/core/view'
import { defaultSettings } from '@/messenger/contract'
import { useAppStore, useConnectionStore, useProgressStore, useSettingsStore } from './app'
import {
  useContactsStore,
  useConversationsStore,
  useFilesStore,
  useMarksStore,
  useMessagesStore,
  useSearchStore,
  useSecurityStore,
} from './chats'
import { upsert } from './message-list'

/** The messenger's `View` over the Pinia stores: the only writer they have. */
export function storesView(): View {
  const app = useAppStore().state
  const connection = useConnectionStore().state
  const settings = useSettingsStore().state
  const progress = useProgressStore().state
  const contacts = useContactsStore()
  const conversations = useConversationsStore()
  const chat = useMessagesStore()
  const files = useFilesStore()
  const marks = useMarksStore()
  const search = useSearchStore()
  const security = useSecurityStore()
  return {
    app: (patch) => void Object.assign(app, patch),
    connection: (patch) => void Object.assign(connection, patch),
    settings: (all) => void Object.assign(settings, all),
    progress(task, value) {
      if (value) progress.tasks[task] = value
      else delete progress.tasks[task]
    },
    contact: (contact) => void contacts.byId.set(contact.userId, contact),
    contactRemoved: (id) => void contacts.byId.delete(id),
    requests(requests) {
      contacts.requests = requests
    },
    conversation: (conversation) => void conversations.byId.set(conversation.id, conversation),
    file(id, state) {
      if (state) files.byId.set(id, state)
      else files.byId.delete(id)
    },
    conversationRemoved: (id) => void conversations.byId.delete(id),
    opened(id, messages, hasOlder) {
      chat.open = id
      chat.messages = messages
      chat.hasOlder = hasOlder
    },
    older(id, messages, hasOlder) {
      if (chat.open !== id) return
      chat.messages = [...messages, ...chat.messages]
      chat.hasOlder = hasOlder
    },
    message(message) {
      if (chat.open === message.conversation) chat.messages = upsert(chat.messages, message)
    },
    messagesRemoved(id, ids) {
      if (chat.open !== id) return
      const gone = new Set(ids)
      chat.messages = chat.messages.filter((message) => !gone.has(message.id))
    },
    loading(loading) {
      chat.loading = loading
    },
    marks: (all) => void Object.assign(marks, all),
    searchChanged: () => void (search.changes += 1),
    security(events) {
      security.events = events
    },
    clear() {
      contacts.byId.clear()
      contacts.requests = []
      conversations.byId.clear()
      files.byId.clear()
      Object.assign(chat, { open: null, messages: [], hasOlder: false, loading: false })
      security.events = []
      Object.assign(marks, { starred: new Set(), pinned: new Map() })
      progress.tasks = {}
      app.expired = null
      app.newDevices = []
      // A computed list keeps what it last was until it is asked again.
      void [contacts.contacts, conversations.list, conversations.unread]
      Object.assign(settings, defaultSettings)
      Object.assign(connection, {
        state: 'paused',
        retryAt: null,
        sendLimitedUntil: null,
        relayClock: null,
        waiting: 0,
      })
    },
  }
}
