/** What a server gives away can be compared with what anybody builds from the same source. */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { buildHash } from '../../scripts/build-hash.mjs'

const client = fileURLToPath(new URL('../..', import.meta.url))
/** A build of this very checkout, if one was made just now; else the test makes its own. */
const built = process.env['SEALSTREAM_BUILT']
const temporary = mkdtempSync(join(tmpdir(), 'sealstream-build-'))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

function build(from: string, to: string, env: Record<string, string> = {}): Promise<string> {
  const vite = join(client, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', '--outDir', to, '--emptyOutDir', '--logLevel', 'error']
  return new Promise((done, fail) => {
    // Not the environment of a test, which makes another build.
    spawn(process.execPath, args, { cwd: from, env: { PATH: process.env['PATH'], ...env } })
      .on('error', fail)
      .on('exit', (code) => (code === 0 ? done(to) : fail(new Error(`vite ended with ${code}`))))
  })
}

async function copied(from: string, to: string): Promise<string> {
  cpSync(from, to, { recursive: true })
  return to
}

test(
  'threat 8: the build is the same, wherever and whenever it is made',
  { timeout: 180_000 },
  async () => {
    const [first, second] = [join(temporary, 'first'), join(temporary, 'another/checkout')]
    const kept = (path: string) =>
      !/(^|\/)(node_modules|dist|\.artifacts)(\/|$)/.test(path.slice(client.length))
    cpSync(client, first, { recursive: true, filter: kept })
    cpSync(first, second, { recursive: true })
    for (const copy of [first, second]) {
      symlinkSync(join(client, 'node_modules'), join(copy, 'node_modules'))
    }
    const [here, there] = await Promise.all([
      built ? copied(built, join(temporary, 'here')) : build(first, join(temporary, 'here')),
      build(second, join(temporary, 'there'), { TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' }),
    ])
    const hash = buildHash(here)
    expect(buildHash(there)).toBe(hash)
    // As the README says, with what every machine has.
    const command = 'find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum'
    expect(execFileSync('sh', ['-c', command], { cwd: here, encoding: 'utf8' })).toContain(hash)
    writeFileSync(join(here, 'index.html'), 'something else')
    expect(buildHash(here)).not.toBe(hash)
  },
)
