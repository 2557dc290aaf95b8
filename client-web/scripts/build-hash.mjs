/**
 * One SHA-256 over everything in a folder: over the lines `<SHA-256 of the file>  ./<path>` in the
 * order of their paths. The same, without this script and over what a server really gives away:
 * `find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum`.
 */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const sha256 = (data) => createHash('sha256').update(data).digest('hex')

/** @param {string} folder */
export function buildHash(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const lines = files
    .map((path) => ({ path, name: `./${path.slice(folder.length + 1).replaceAll('\\', '/')}` }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ path, name }) => `${sha256(readFileSync(path))}  ${name}\n`)
  return sha256(lines.join(''))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(buildHash(fileURLToPath(new URL('../dist', import.meta.url))))
}
