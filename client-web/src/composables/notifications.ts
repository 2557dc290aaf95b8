/**
 * System notifications while the page is open and not in view. A notification names at most the sender, never the
 * text, because the system stores it unsealed. There is one per chat. It closes when the chat is read; all close
 * when the app locks or signs out.
 */
import { computed, onScopeDispose, ref, watch } from 'vue'
import { useDocumentVisibility, useWindowFocus } from '@vueuse/core'
import { type RouteLocationRaw, useRouter } from 'vue-router'
import { useI18n } from 'vue-i18n'
import { notices } from '@/platform/device/notices'
import type { NoticeAccess, ShownNotice } from '@/platform/platform'
import {
  useAppStore,
  useConnectionStore,
  useContactsStore,
  useConversationsStore,
  useSettingsStore,
} from '@/stores'
import { addressOf } from './addresses'
import { type Unread, unreadChanges } from './unread-changes'

const access = ref<NoticeAccess>('default')

async function look(): Promise<void> {
  access.value = await notices.access()
}
void look()

/** The system's permission, and the request for it, which works only from a press of the person. */
export function useNotificationAccess() {
  void look()
  // The permission may have changed in the system's settings.
  watch(useWindowFocus(), look)
  async function ask(): Promise<NoticeAccess> {
    access.value = await notices.ask()
    return access.value
  }
  return { access, ask }
}

const REQUESTS = 'requests'

/** Called once, in the app's root component. */
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
  const shown = new Map<string, ShownNotice>()
  let before: Unread | null = null
  let requests = 0

  function show(key: string, title: string, to: RouteLocationRaw): void {
    if (visibility.value === 'visible' && focused.value) return
    if (!settings.notifications || access.value !== 'granted') return
    close(key)
    const notice = notices.show(title, () => {
      close(key)
      void router.push(to)
    })
    if (notice) shown.set(key, notice)
    else void look()
  }
  function close(key: string): void {
    shown.get(key)?.close()
    shown.delete(key)
  }
  function closeAll(): void {
    for (const key of shown.keys()) close(key)
  }

  /** Messages that were stored before the connection opened are not new. */
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
      for (const { id, name: username } of grown) {
        const title = settings.notificationNames
          ? t('system.messageFrom', { name: username })
          : t('system.message')
        show(id, title, addressOf(id))
      }
      // A stranger chooses their own name, so the notification does not show it.
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
