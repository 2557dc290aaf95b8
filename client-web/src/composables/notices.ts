/** A notice or the content of a message, in one line. */
import { useI18n } from 'vue-i18n'
import { shorten } from '@/text/graphemes'
import { isBlank } from '@/text/sendable'
import type { Message, Notice } from '@/messenger/contract'

export function useNoticeText() {
  const { t } = useI18n()

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
      default:
        return t(`chat.notice.${value.type}`, { name })
    }
  }

  function preview(message: Message, name: string): string {
    if (message.kind === 'notice') return message.notice ? notice(message.notice, name) : ''
    if (message.kind === 'unsupported') return t('chat.unsupported')
    if (isBlank(message.text)) return t('chat.invisible')
    return shorten(message.text.replaceAll(/\s+/g, ' '), 200)
  }

  return { notice, preview }
}
