/**
 * Notices of the system while the page is open and one looks elsewhere. A notice says at most who
 * wrote, never what: the system keeps it where nothing is sealed. One per chat; it goes when the
 * chat is read, and all go when the app locks or signs out.
 */
import { computed, onScopeDispose, ref, watch } from 'vue'
import { useDocumentVisibility, useWindowFocus } from '@vueuse/core'
import { type RouteLocationRaw, useRouter } from 'vue-router'
import { useI18n } from 'vue-i18n'
import {
  useAppStore,
  useConnectionStore,
  useContactsStore,
  useConversationsStore,
  useSettingsStore,
} from '@/stores'
import { type Unread, unreadChanges } from './unread-changes'

/** `missing`: this browser has no notices for open pages (phones, most of all). */
export type NotificationAccess = NotificationPermission | 'missing'

const access = ref<NotificationAccess>(
  'Notification' in globalThis ? Notification.permission : 'missing',
)

/** What the browser allows, and the way to ask; asking only works from a press of the person. */
export function useNotificationAccess() {
  const look = (): void => {
    if (access.value !== 'missing') access.value = Notification.permission
  }
  look()
  // Changed in the browser's own settings meanwhile.
  watch(useWindowFocus(), look)
  async function ask(): Promise<NotificationAccess> {
    if (access.value === 'default') access.value = await Notification.requestPermission()
    return access.value
  }
  return { access, ask }
}

const REQUESTS = 'requests'

/** Once, in the app's root. */
export function useNotifications(): void {
  const { t } = useI18n()
  const router = useRouter()
  const app = useAppStore()
  const connection = useConnectionStore()
  const contacts = useContactsStore()
  const conversations = useConversationsStore()
  const { state: settings } = useSettingsStore()
  const visibility = useDocumentVisibility()
  const focused = useWindowFocus()
  const shown = new Map<string, Notification>()
  let before: Unread | null = null
  let requests = 0

  function show(key: string, title: string, to: RouteLocationRaw): void {
    if (visibility.value === 'visible' && focused.value) return
    if (!settings.notifications || access.value !== 'granted') return
    close(key)
    try {
      // Without a tag: the system would keep it, and it would have to tell chats apart.
      const notice = new Notification(title, { icon: '/icons/icon-192.png' })
      notice.addEventListener('click', () => {
        window.focus()
        close(key)
        void router.push(to)
      })
      shown.set(key, notice)
    } catch (error) {
      // Android has the constructor and refuses it; anything else is a bug.
      if (!(error instanceof TypeError)) throw error
      access.value = 'missing'
    }
  }
  function close(key: string): void {
    shown.get(key)?.close()
    shown.delete(key)
  }
  function closeAll(): void {
    for (const key of shown.keys()) close(key)
  }

  /** What was on the device is in the list before the way to the relay opens: none of it is news. */
  const open = computed(() => app.state.phase === 'ready' && connection.state.state !== 'paused')
  watch(
    () => [open.value, conversations.list, contacts.requests] as const,
    ([now, chats, asking]) => {
      if (!now) {
        before = null
        closeAll()
        return
      }
      const first = before === null
      const { grown, read, unread } = unreadChanges(before, chats)
      before = unread
      read.forEach(close)
      for (const { id, username } of grown) {
        const title = settings.notificationNames
          ? t('system.messageFrom', { name: username })
          : t('system.message')
        show(id, title, { name: 'chat', params: { id } })
      }
      // A stranger chooses their own name: it is not said.
      if (!first && asking.length > requests) {
        show(REQUESTS, t('system.request'), { name: 'requests' })
      }
      if (asking.length < requests) close(REQUESTS)
      requests = asking.length
    },
  )
  watch(
    () => settings.notifications,
    (on) => on || closeAll(),
  )
  onScopeDispose(closeAll)
}
