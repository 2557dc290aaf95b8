import { expect, test } from 'vitest'
import { passwordProblem, readUsername, usernameProblem } from '@/text/credentials'

test.each([
  '@Anna_1',
  ' anna_1\u200B',
  '＠ａｎｎａ＿１',
  '\u2068@anna_1\u2069',
  '@anna_1#7K3M9QXZ',
  'Аnna_1',
])('a name is read from %j', (typed) => {
  expect(readUsername(typed)).toBe('anna_1')
  expect(usernameProblem(readUsername(typed))).toBeNull()
})

test('a name that is none stays none', () => {
  for (const typed of ['änna', 'anna smith', 'a'.repeat(33), 'anna@example.org']) {
    expect(usernameProblem(readUsername(typed))).toBe('username_format')
  }
})

test('a password counts as the relay counts it: in characters', () => {
  expect(passwordProblem('🔑'.repeat(9))).toBe('password_length')
  expect(passwordProblem('🔑'.repeat(200))).toBeNull()
  expect(passwordProblem('x'.repeat(257))).toBe('password_length')
})
