/** What a user name and a password must look like, checked before anything is asked of the relay. */
export function usernameProblem(username: string): 'username_format' | null {
  return /^[a-z0-9_]{3,32}$/.test(username) ? null : 'username_format'
}

export function passwordProblem(password: string): 'password_length' | null {
  const length = [...password].length
  return length >= 10 && length <= 256 ? null : 'password_length'
}
