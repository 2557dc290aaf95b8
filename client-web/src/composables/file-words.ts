/** Sizes and lengths of files in words. */
import { useI18n } from 'vue-i18n'
import type { FileState, MessageFile } from '@/messenger/contract'

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const

export function useFileWords() {
  const { t, locale } = useI18n()

  function size(bytes: number): string {
    const step = Math.min(3, bytes < 1_000 ? 0 : Math.floor(Math.log10(bytes) / 3))
    return new Intl.NumberFormat(locale.value, {
      style: 'unit',
      unit: UNITS[step] as string,
      unitDisplay: 'short',
      maximumFractionDigits: step > 1 ? 1 : 0,
    }).format(bytes / 1_000 ** step)
  }

  /** 1:07 */
  function length(ms: number): string {
    const seconds = Math.max(0, Math.round(ms / 1_000))
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  }

  function kind(file: MessageFile): string {
    return t(`files.kind.${file.kind}`)
  }

  /** What stands in a file's way, or how far it is; null where it is simply there. */
  function state(now: FileState | undefined): string | null {
    switch (now?.phase) {
      case 'up':
      case 'down': {
        if (now.waitsUntil !== null) return t('attachments.waits')
        const percent = now.total > 0 ? Math.min(99, Math.floor((now.done / now.total) * 100)) : 0
        return t(now.phase === 'up' ? 'attachments.uploading' : 'attachments.downloading', {
          n: percent,
        })
      }
      case 'gone':
        return t('attachments.gone')
      case 'broken':
        return t('attachments.broken')
      default:
        return null
    }
  }

  return { size, length, kind, state }
}
