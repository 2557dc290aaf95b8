/** The number of unread messages outside the page: the tab's title and icon, the installed app's badge. */
import { watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import { useConversationsStore } from '@/stores'

interface Badge {
  setAppBadge?(count: number): Promise<void>
  clearAppBadge?(): Promise<void>
}

export function useUnreadSigns(): void {
  const conversations = useConversationsStore()
  const { t } = useI18n()

  watchEffect(() => {
    const { unread } = conversations
    const name = t('common.appName')
    document.title = unread > 0 ? `(${unread}) ${name}` : name
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    icon?.setAttribute('href', unread > 0 ? '/favicon-unread.svg' : '/favicon.svg')
    const badge = navigator as Badge
    const set = unread > 0 ? badge.setAppBadge?.(unread) : badge.clearAppBadge?.()
    // Only installed apps have a badge; the call may be refused in a tab.
    set?.catch(() => {})
  })
}
