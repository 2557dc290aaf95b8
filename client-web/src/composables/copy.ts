/** Copies text and says so. */
import { useClipboard } from '@vueuse/core'
import { useI18n } from 'vue-i18n'
import { useToasts } from './toasts'

export function useCopy(): (text: string, done?: string) => Promise<void> {
  const { t } = useI18n()
  const { copy } = useClipboard({ legacy: true })
  const toasts = useToasts()
  return async (text, done) => {
    await copy(text)
    toasts.show(done ?? t('common.copied'))
  }
}
