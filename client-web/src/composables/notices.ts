/** The text of a notice in one line. */
import { useI18n } from 'vue-i18n'
import { useDurations } from './durations'
import type { Notice } from '@/messenger/contract'

export function useNoticeText() {
  const { t } = useI18n()
  const { long } = useDurations()

  function notice(value: Notice, name: string): string {
    switch (value.type) {
      case 'gap':
        return t('chat.notice.gap', { n: value.count }, value.count)
      case 'stale_prekey':
        return t('chat.notice.stale_prekey', { name, days: value.ageDays })
      case 'identity_changed': {
        const n = value.count ?? 1
        const key = n > 1 ? 'identity_changed_often' : 'identity_changed'
        return t(`chat.notice.${key}`, { name, n })
      }
      case 'timer': {
        const key = value.mine ? 'timer_mine' : 'timer_theirs'
        if (value.seconds === 0) return t(`chat.notice.${key}_off`, { name })
        return t(`chat.notice.${key}`, { name, time: long(value.seconds) })
      }
      default:
        return t(`chat.notice.${value.type}`, { name })
    }
  }

  return { notice }
}
