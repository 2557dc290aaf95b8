/** Shows errors that have no place of their own, at the bottom of the screen. */
import { MessengerError } from '@/messenger/contract'
import { useErrorText } from './errors'
import { useToasts } from './toasts'

/** Codes of a locked or signed-out app, or of one open in another tab: the screen already shows that. */
const GONE = new Set(['locked', 'signed_out', 'not_leading'])

export function useToastErrors(): (work: Promise<unknown>) => void {
  const toasts = useToasts()
  const errorText = useErrorText()
  return (work) => {
    work.catch((error: unknown) => {
      if (!(error instanceof MessengerError) || !GONE.has(error.code)) toasts.show(errorText(error))
    })
  }
}
