/** Names and passwords of accounts: how they are read from a field, and what they must look like. */
import { asciiTyped } from './typed'

export const isUsername = (text: string): boolean => /^[a-z0-9_]{3,32}$/.test(text)

/** Also from a contact code or with a sign before it, however it was pasted. */
export function readUsername(typed: string): string {
  return asciiTyped(typed)
    .trim()
    .replace(/^@ ?/, '')
    .replace(/ ?#.*$/, '')
    .toLowerCase()
}

export function usernameProblem(username: string): 'username_format' | null {
  return isUsername(username) ? null : 'username_format'
}

/** In code points, as the relay counts. */
export function passwordProblem(password: string): 'password_length' | null {
  const length = [...password].length
  return length >= 10 && length <= 256 ? null : 'password_length'
}
