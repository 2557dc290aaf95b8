/** Applies the settings to the document: theme, language, writing direction. */
import { watch, watchEffect } from 'vue'
import { setLanguage } from '@/i18n'
import { shell } from '@/platform/device/shell'
import { useSettingsStore } from '@/stores'

export function useAppearance(): void {
  const settings = useSettingsStore()

  watchEffect(() => {
    const { theme } = settings.state
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
    shell.showTheme(theme)
  })

  watch(
    () => settings.state.language,
    (language) => void setLanguage(language),
    { immediate: true },
  )
}
