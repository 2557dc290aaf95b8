/** For what has no place of its own for an error: it is told at the bottom of the screen. */
import { MessengerError } from '@/messenger/contract'
import { useErrorText } from './errors'
import { useToasts } from './toasts'

/** Locked, signed out or open in another tab by now: the screen says so already. */
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
