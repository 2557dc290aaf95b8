import { expect, test } from 'vitest'
import { relayUrl } from '@/wire/relay-address'

test.each([
  ['chat.example.org', 'https://chat.example.org'],
  [' https://Chat.Example.org/ ', 'https://chat.example.org'],
  ['chat.example.org:8443', 'https://chat.example.org:8443'],
  ['https://chat.example.org:443', 'https://chat.example.org'],
  ['http://localhost:8080', 'http://localhost:8080'],
  ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
  ['http://[::1]:8080', 'http://[::1]:8080'],
  ['münchen.example', 'https://xn--mnchen-3ya.example'],
])('%j is %s', (typed, url) => {
  expect(relayUrl(typed)).toBe(url)
})

test.each([
  '',
  '   ',
  'http://chat.example.org',
  'http://127.0.0.1.example.org',
  'http://localhost.example.org',
  'ftp://chat.example.org',
  'javascript:alert(1)',
  'https://chat.example.org/room',
  'https://chat.example.org?x=1',
  'https://chat.example.org#x',
  'https://anna:secret@chat.example.org',
  'two words',
  '@anna#7K2M9XQ4',
])('%j is no address of a server', (typed) => {
  expect(relayUrl(typed)).toBeNull()
})
