import { defineStore } from 'pinia'
import { computed, shallowReactive, shallowRef } from 'vue'
import { personIn } from '@/messenger/contract'
import type {
  Contact,
  Conversation,
  ConversationId,
  FileId,
  FileState,
  Marks,
  Message,
  MessageRequest,
  SecurityEvent,
  UserId,
} from '@/messenger/contract'

/** Everyone known, by user id; requests and blocked people included. */
export const useContactsStore = defineStore('contacts', () => {
  const byId = shallowReactive(new Map<UserId, Contact>())
  const requests = shallowRef<readonly MessageRequest[]>([])
  const contacts = computed(() =>
    [...byId.values()]
      .filter((contact) => contact.relation === 'contact')
      .sort((a, b) => a.name.localeCompare(b.name)),
  )
  /** Whom the conversation is with; null for somebody who is not known here. */
  function inConversation(id: ConversationId): Contact | null {
    const person = personIn(id)
    return person === null ? null : (byId.get(person) ?? null)
  }
  return { byId, requests, contacts, inConversation }
})

/** Conversations with contacts: those that are pinned, then the others, newest first; archived ones included. */
export const useConversationsStore = defineStore('conversations', () => {
  const byId = shallowReactive(new Map<ConversationId, Conversation>())
  const list = computed(() =>
    [...byId.values()].sort(
      (a, b) =>
        Number(b.pinned) - Number(a.pinned) || b.activeAt - a.activeAt || a.id.localeCompare(b.id),
    ),
  )
  const unread = computed(() =>
    list.value.reduce(
      (sum, chat) => sum + (chat.muted ? 0 : Math.max(chat.unread, Number(chat.markedUnread))),
      0,
    ),
  )
  return { byId, list, unread }
})

/** The loaded stretch of the open conversation: ascending by `order`, ends with the newest. */
export const useMessagesStore = defineStore('messages', () => {
  const open = shallowRef<ConversationId | null>(null)
  const messages = shallowRef<readonly Message[]>([])
  const hasOlder = shallowRef(false)
  const loading = shallowRef(false)
  return { open, messages, hasOlder, loading }
})

/** Files of which something is on this device or under way. */
export const useFilesStore = defineStore('files', () => {
  const byId = shallowReactive(new Map<FileId, FileState>())
  return { byId }
})

/** Stars and pins. */
export const useMarksStore = defineStore('marks', () => {
  const starred = shallowRef<Marks['starred']>(new Set())
  const pinned = shallowRef<Marks['pinned']>(new Map())
  return { starred, pinned }
})

/** Of the messages that searches find. */
export const useSearchStore = defineStore('search', () => {
  /** How often they changed: what was found before is looked for again. */
  const changes = shallowRef(0)
  return { changes }
})

/** What happened to keys and devices, newest first. */
export const useSecurityStore = defineStore('security', () => {
  const events = shallowRef<readonly SecurityEvent[]>([])
  return { events }
})
