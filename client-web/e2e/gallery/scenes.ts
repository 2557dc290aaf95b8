/** Every screen the gallery can show: what the stores hold, and where one is. */
import { conversationWith, MessengerError } from '../../src/messenger/contract'
import {
  useAppStore,
  useConnectionStore,
  useContactsStore,
  useConversationsStore,
  useProgressStore,
  useSettingsStore,
} from '../../src/stores'
import { elapsed } from '../../src/platform/clock'
import { MINUTE, NOW, contact } from './people'
import { at, pin, permit, ready, scene } from './scene-fills'
import { markedMessages, secondThoughts, starredList } from './second-thoughts'
import { disappearing } from './disappearing'
import { entryScenes } from './entry-scenes'
import type { Scene } from './scene-fills'
import { fileMessages, fillFiles } from './pictures'
import type { sceneNames } from './scene-names'

const withFiles = () => {
  fillFiles()
  return { messages: { 'id-anna': fileMessages } }
}

export const scenes: Record<(typeof sceneNames)[number], Scene> = {
  ...entryScenes,
  'chat-files': scene('/chats/id-anna', withFiles),
  'chat-files-attach': scene('/chats/id-anna', withFiles),
  'chat-files-viewer': scene('/chats/id-anna', withFiles),
  'settings-storage': at('/settings/storage'),
  'list-empty': { path: '/chats', fill: ready },
  list: at('/chats'),
  'list-menu': at('/chats'),
  'list-expired': scene(
    '/chats',
    () => void (useAppStore().state.expired = { count: 3, at: NOW - 5 * MINUTE }),
  ),
  'new-device': scene('/chats', () => {
    const joined = { deviceId: 3, name: 'Firefox (Linux)', at: NOW - 4 * MINUTE }
    useAppStore().state.newDevices = [joined]
  }),
  'list-delete': at('/chats'),
  'list-mute': at('/chats'),
  'list-history': scene('/chats', () => {
    pin('id-emil_and_the_detectives_berlin', { pinned: true })
    pin('id-grandpa', { pinned: true, unread: 0, markedUnread: true })
    useProgressStore().state.tasks = {
      history: { task: 'history', done: 3_200_000, total: 9_000_000, cancellable: false },
    }
  }),
  'list-search': at('/chats'),
  'list-search-none': at('/chats'),
  'list-search-slow': scene('/chats', () => ({ hanging: ['search'] })),
  archived: at('/archived'),
  requests: at('/requests'),
  'requests-empty': scene('/requests', () => void (useContactsStore().requests = [])),

  chat: at('/chats/id-anna'),
  'chat-new': at('/chats/id-milo'),
  'chat-notes': at('/chats/id-mara'),
  'chat-menu': at('/chats/id-anna'),
  'chat-thoughts': secondThoughts,
  'chat-choosing': secondThoughts,
  'chat-marks': markedMessages,
  starred: starredList,
  'starred-empty': at('/starred'),
  'chat-forward': secondThoughts,
  'chat-timer': disappearing(),
  'chat-timer-choice': disappearing(),
  'chat-timer-custom': disappearing(),
  'chat-timer-details': disappearing(),
  'contact-timer': disappearing('/chats/id-anna/contact'),
  'chat-editing': secondThoughts,
  'chat-emoji': secondThoughts,
  'chat-earlier': secondThoughts,
  'chat-reply': at('/chats/id-anna'),
  'chat-search': at('/chats/id-anna'),
  'chat-search-none': at('/chats/id-anna'),
  'chat-search-slow': scene('/chats/id-anna', () => {
    useProgressStore().state.tasks = {
      search_index: { task: 'search_index', done: 4_200, total: 10_000, cancellable: true },
    }
    return { hanging: ['searchIn'] }
  }),
  'chat-date': at('/chats/id-jonas'),
  'chat-date-outside': at('/chats/id-anna'),
  'chat-long-text': at('/chats/id-anna'),
  'chat-awkward': at('/chats/id-ben_k'),
  'chat-waiting': scene('/chats/id-kim', () => {
    Object.assign(useConnectionStore().state, {
      state: 'offline',
      retryAt: elapsed() + 12_000,
      waiting: 2,
    })
  }),
  'chat-limited': scene('/chats/id-anna', () => {
    Object.assign(useConnectionStore().state, {
      state: 'online',
      sendLimitedUntil: elapsed() + 45_000,
      waiting: 1,
    })
  }),
  'chat-send-wait': scene('/chats/id-anna', () => {
    const { byId } = useConversationsStore()
    const chat = byId.get(conversationWith('id-anna'))
    if (chat) byId.set(chat.id, { ...chat, sendsAgainAt: elapsed() + 34 * MINUTE })
  }),
  'chat-connecting': scene(
    '/chats/id-anna',
    () => void (useConnectionStore().state.state = 'connecting'),
  ),
  'chat-history': at('/chats/id-jonas'),
  'chat-loading': scene('/chats/id-anna', () => ({ hanging: ['openConversation'] })),
  'chat-key-changed': at('/chats/id-clara'),
  'chat-compare': at('/chats/id-clara'),
  'chat-compare-scan': at('/chats/id-clara'),
  'chat-differs': at('/chats/id-clara'),
  'chat-accept': at('/chats/id-clara'),
  'chat-request': at('/requests/id-noah_w'),
  'chat-blocked': at('/chats/id-ines'),
  'chat-unknown': at('/chats/nobody'),
  'chat-removed': scene('/chats/id-deniz', () => {
    useContactsStore().byId.set('id-deniz', contact('deniz', { relation: 'hidden' }))
  }),
  'chat-error': scene('/chats/id-anna', () => {
    const once = [new MessengerError('storage_failed')]
    return {
      failing: {
        get openConversation() {
          return once.pop()
        },
      },
    }
  }),
  'chat-refused': scene('/chats/id-anna', () => ({
    failing: { sendText: new MessengerError('storage_full') },
  })),
  'chat-delete-message': at('/chats/id-anna'),
  'chat-encryption': at('/chats/id-anna'),
  'chat-message-details': at('/chats/id-anna'),
  'chat-update': scene('/chats/id-anna', () => void (useAppStore().state.updateReady = true)),

  'contact-verified': at('/chats/id-anna/contact'),
  'contact-unverified': at('/chats/id-deniz/contact'),
  'contact-changed': at('/chats/id-clara/contact'),
  'contact-remove': at('/chats/id-deniz/contact'),
  'contact-nickname': at('/chats/id-deniz/contact'),
  'contact-block': at('/chats/id-deniz/contact'),

  'add-code': at('/add/code'),
  'add-copied': at('/add/code'),
  'add-scan': at('/add/scan'),
  'add-scan-unread': at('/add/enter'),
  'add-enter': at('/add/enter'),
  'add-refused': scene('/add/enter', () => ({
    failing: { addContactByCode: new MessengerError('not_found') },
  })),

  settings: at('/settings'),
  'settings-account': at('/settings/account'),
  'settings-delete': at('/settings/account'),
  'settings-devices': at('/settings/devices'),
  'settings-devices-remove': at('/settings/devices'),
  'settings-link-paste': scene('/settings/devices', () => ({
    failing: { joinLink: new MessengerError('bad_link_code') },
  })),
  'settings-link-digits': at('/settings/devices'),
  'settings-devices-error': scene('/settings/devices', () => ({
    failing: { listDevices: new MessengerError('offline') },
  })),
  'settings-backup': scene(
    '/settings/backup',
    () => void (useAppStore().state.storagePersisted = true),
  ),
  'settings-backup-unkept': scene(
    '/settings/backup',
    () => void (useAppStore().state.storagePersisted = false),
  ),
  'settings-backup-own': at('/settings/backup'),
  'settings-backup-suggested': at('/settings/backup'),
  'settings-backup-working': scene('/settings/backup', () => {
    useProgressStore().state.tasks = {
      backup: { task: 'backup', done: 6_200, total: 10_000, cancellable: true },
    }
    return { hanging: ['createBackup'] }
  }),
  'settings-backup-done': at('/settings/backup'),
  'settings-privacy': scene('/settings/privacy', () => {
    useAppStore().state.lock = { enabled: true, locked: false, passkey: false }
  }),
  'settings-unlocked': at('/settings/privacy'),
  'settings-passphrase': at('/settings/privacy'),
  'settings-passkey': scene('/settings/privacy', () => {
    useAppStore().state.lock = { enabled: true, locked: false, passkey: false }
    return { failing: { addPasskey: new MessengerError('passkey_unsupported') } }
  }),
  'settings-notifications': scene('/settings/notifications', () => {
    permit('granted')
    useSettingsStore().state.notifications = true
  }),
  'settings-notifications-refused': scene('/settings/notifications', () => permit('denied')),
  'settings-appearance': at('/settings/appearance'),
  'settings-language': at('/settings/language'),
  'settings-security': at('/settings/security'),
  'settings-logout': at('/settings'),
}
