/** Keeps the document in step with the settings: theme, language, writing direction, title. */
import { watch, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import { setLanguage } from '@/i18n'
import { useConversationsStore, useSettingsStore } from '@/stores'

export function useAppearance(): void {
  const settings = useSettingsStore()
  const conversations = useConversationsStore()
  const { t } = useI18n()

  watchEffect(() => {
    const { theme } = settings.state
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
  })

  watch(
    () => settings.state.language,
    (language) => void setLanguage(language),
    { immediate: true },
  )

  watchEffect(() => {
    const name = t('common.appName')
    document.title = conversations.unread > 0 ? `(${conversations.unread}) ${name}` : name
  })
}
