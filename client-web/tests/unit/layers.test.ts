/** The linter finds an import against the order of folders, and a cycle, and says what is allowed. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const files = {
  'src/crypto/upward.ts': "export { Store } from '@/storage/store'\n",
  'src/crypto/upward-type.ts':
    "import type { Store } from '@/storage/store'\nexport type S = Store\n",
  'src/crypto/downward.ts': "export { shorten } from '@/text/graphemes'\n",
  'src/crypto/curve/later-room.ts': "export type { Bundle } from '@/crypto/protocol/protocol'\n",
  'src/crypto/v4/other-version.ts': "export { versionThree } from '@/crypto/v3/version-three'\n",
  'src/crypto/v4/earlier-room.ts': "export { agree } from '@/crypto/curve/x25519'\n",
  'src/crypto/v4/of-all-rooms.ts': "export { concat } from '@/crypto/bytes'\n",
  'src/messenger/keys/later-room.ts': "export { Outbox } from '@/messenger/sending/outbox'\n",
  'src/messenger/keys/sideways.ts': "export { Chats } from '../chats/chats'\n",
  'src/messenger/keys/when-needed.ts':
    "export const late = () => import('@/messenger/backup/restore')\n",
  'src/messenger/keys/earlier-room.ts': "export { Core } from '@/messenger/core/core'\n",
  'src/views/inside.vue':
    '<script setup lang="ts">\nimport { Core } from \'@/messenger/core/core\'\nconsole.assert(Core)\n</script>\n',
  'src/views/contract.ts': "export { MessengerError } from '@/messenger/contract'\n",
  'src/text/one.ts': "import type { Two } from './two'\nexport type One = Two | null\n",
  'src/text/two.ts': "import type { One } from './one'\nexport type Two = [One]\n",
}

interface Finding {
  code: string
  filename: string
  help: string
}

const place = mkdtempSync(join(tmpdir(), 'sealstream-layers-'))
let found: Finding[] = []

beforeAll(() => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(place, dirname(name)), { recursive: true })
    writeFileSync(join(place, name), text)
  }
  for (const name of ['oxlint.config.ts', 'scripts/layers.ts']) cpSync(name, join(place, name))
  symlinkSync(join(process.cwd(), 'node_modules'), join(place, 'node_modules'))
  const args = ['node_modules/oxlint/bin/oxlint', '-c', 'oxlint.config.ts', '--format=json', 'src']
  // The package's own Node: the system's may not read a configuration in TypeScript.
  const node = join(process.cwd(), 'node_modules/.bin/node')
  try {
    execFileSync(node, args, { cwd: place, encoding: 'utf8' })
  } catch (error) {
    found = JSON.parse((error as { stdout: string }).stdout).diagnostics
  }
})

afterAll(() => rmSync(place, { recursive: true }))

const of = (rule: string): string[] =>
  found
    .filter(({ code }) => code.includes(rule))
    .map(({ filename }) => filename)
    .toSorted()

test('imports of a later folder are refused: values, types, late parts, in components too', () => {
  expect(of('no-restricted-imports')).toEqual([
    'src/crypto/curve/later-room.ts',
    'src/crypto/upward-type.ts',
    'src/crypto/upward.ts',
    'src/crypto/v4/other-version.ts',
    'src/messenger/keys/later-room.ts',
    'src/messenger/keys/sideways.ts',
    'src/messenger/keys/when-needed.ts',
    'src/views/inside.vue',
  ])
})

test('the message names the folder and what it may import', () => {
  const help = found.find(({ filename }) => filename === 'src/crypto/upward.ts')?.help
  expect(help).toBe('src/crypto/ may import only text, crypto (as @/…): see client-web/README.md.')
})

test('a cycle is refused, of types alone too', () => {
  expect(of('no-cycle')).toEqual(['src/text/one.ts', 'src/text/two.ts'])
})
