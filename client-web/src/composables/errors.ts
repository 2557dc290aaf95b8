/** An error of a command as one sentence in the person's language. */
import { useI18n } from 'vue-i18n'
import { MessengerError } from '@/messenger/contract'
import { useTimes } from './times'

export function useErrorText(): (error: unknown) => string {
  const { t } = useI18n()
  const { clock } = useTimes()
  return (error) => {
    if (!(error instanceof MessengerError)) return t('errors.internal')
    if (error.code === 'rate_limited') {
      const { retryAt } = error.details
      if (!retryAt) return t('errors.rate_limited_soon')
      const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))
      return seconds < 120
        ? t('errors.rate_limited_in', { n: seconds })
        : t('errors.rate_limited', { time: clock(retryAt) })
    }
    if (error.code === 'bad_code') return t('errors.bad_code', { example: EXAMPLE_CODE })
    return t(`errors.${error.code}`)
  }
}

/** Not in the catalogues, because `@` and `#` have a meaning in their syntax. */
export const EXAMPLE_CODE = '@anna#7K3M9QXZ'
