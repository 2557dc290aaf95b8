import { MAX_CAPTION, MessengerError } from '@/messenger/contract'
import { textProblem } from '@/text/sendable'

/**
 * `withFiles`: files go with the text, which may be empty.
 * @throws MessengerError `invalid` (nothing visible), `too_long`, `unsendable_text`
 */
export function checkText(text: string, withFiles = false): void {
  const problem = textProblem(text)
  if (withFiles && text.length > MAX_CAPTION) throw new MessengerError('too_long')
  if (problem === 'blank' && !withFiles) throw new MessengerError('invalid', 'a blank message')
  if (problem === 'too_long') throw new MessengerError('too_long')
  if (problem === 'control') throw new MessengerError('unsendable_text')
}
