import { MessengerError } from '@/messenger/contract'
import { textProblem } from '@/text/sendable'

/** @throws MessengerError `invalid` (nothing visible), `too_long`, `unsendable_text` */
export function checkText(text: string): void {
  const problem = textProblem(text)
  if (problem === 'blank') throw new MessengerError('invalid', 'a blank message')
  if (problem === 'too_long') throw new MessengerError('too_long')
  if (problem === 'control') throw new MessengerError('unsendable_text')
}
