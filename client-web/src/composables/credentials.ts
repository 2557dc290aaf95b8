/** What a user name and a password must look like, checked before anything is asked of the relay. */
import { isUsername } from '@/crypto/identity'

export function usernameProblem(username: string): 'username_format' | null {
  return isUsername(username) ? null : 'username_format'
}

export function passwordProblem(password: string): 'password_length' | null {
  const length = [...password].length
  return length >= 10 && length <= 256 ? null : 'password_length'
}
