/** TLS before a relay, with a certificate whose authority no browser knows. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../../..')
const MAKE = `
import sys
from pathlib import Path
from tests.support.certificates import tls_server
tls_server(Path(sys.argv[1]))`

function certificate(): { key: Buffer; cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'sealstream-tls-'))
  try {
    execFileSync(join(ROOT, '.venv/bin/python'), ['-c', MAKE, folder], { cwd: ROOT })
    return {
      key: readFileSync(join(folder, 'key.pem')),
      cert: readFileSync(join(folder, 'ca.pem')),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Passes everything on to the relay at `url`. */
export async function untrustedServer(url: string): Promise<{ url: string; stop(): void }> {
  const server = createServer(certificate(), (asked, answer) => {
    const { method, headers, url: path = '/' } = asked
    const passed = request(url + path, { method, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 500, given.headers)
      given.pipe(answer)
    })
    asked.pipe(passed)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the server has no port')
  return {
    url: `https://127.0.0.1:${address.port}`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
