/** What a person calls a contact, for themselves alone. */

export const MOST_NICKNAME = 40

/** Without blanks around it and several in a row. */
export const readNickname = (typed: string): string => typed.trim().replaceAll(/\s+/g, ' ')

/** Characters that show nothing, or turn the direction of what stands beside them. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u

export function nicknameProblem(name: string): 'blank' | 'too_long' | 'control' | null {
  if (readNickname(name) === '') return 'blank'
  if ([...name].length > MOST_NICKNAME) return 'too_long'
  // Joiners stand within emoji and some scripts' words.
  return HIDDEN.test(name.replaceAll(/[\u200c\u200d]/g, '')) ? 'control' : null
}
