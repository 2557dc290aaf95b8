/**
 * Services shared by all workers: one relay with generous limits, one built gallery. Each starts when a test first
 * asks for it and ends with the run.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, preview } from 'vite'
import { Relay } from './relay'

const VARIABLE = 'SEALSTREAM_E2E_SHARED'
const galleryConfig = fileURLToPath(new URL('../gallery/vite.config.ts', import.meta.url))

interface Place {
  readonly url: string
  /** The relay's data folder, or the build for phones; empty for the gallery. */
  readonly data: string
}
interface Service extends Place {
  stop(): Promise<void>
}
type Name = 'relay' | 'gallery' | 'phone'

const starts: Record<Name, () => Promise<Service>> = {
  relay: startRelay,
  gallery: startGallery,
  phone: buildForPhones,
}

/** Where a shared service is. Called in a worker. Throws when it does not start. */
export async function shared(name: Name): Promise<Place> {
  const answer = await fetch(`${process.env[VARIABLE]}/${name}`)
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json()) as Place
}

/** Playwright calls this once, before the first worker; the result ends what was started. */
export default async function setUp(): Promise<() => Promise<void>> {
  const started = new Map<Name, Promise<Service>>()
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) as Name
    const service = started.get(name) ?? starts[name]()
    started.set(name, service)
    service.then(
      ({ url, data }) => response.end(JSON.stringify({ url, data })),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the shared services have no port')
  process.env[VARIABLE] = `http://127.0.0.1:${address.port}`
  return async () => {
    server.close()
    server.closeAllConnections()
    const services = await Promise.allSettled(started.values())
    for (const one of services) if (one.status === 'fulfilled') await one.value.stop()
  }
}

async function startRelay(): Promise<Service> {
  const relay = await Relay.start()
  return { url: relay.url, data: relay.data, stop: () => relay.destroy() }
}

/** Built, and served with the relay's policy. */
async function startGallery(): Promise<Service> {
  const outDir = mkdtempSync(join(tmpdir(), 'sealstream-gallery-'))
  const options = { configFile: galleryConfig, logLevel: 'error', build: { outDir } } as const
  await build(options)
  const server = await preview({ ...options, preview: { port: 0 } })
  const url = server.resolvedUrls?.local[0]
  if (!url) throw new Error('the gallery has no address')
  return {
    url,
    data: '',
    async stop() {
      await server.close()
      rmSync(outDir, { recursive: true, force: true })
    },
  }
}

/** Builds the client for phones. No server is started: the test gives its files to the page. */
async function buildForPhones(): Promise<Service> {
  const outDir = mkdtempSync(join(tmpdir(), 'sealstream-phone-'))
  await build({ mode: 'native', logLevel: 'error', build: { outDir } })
  return {
    url: '',
    data: outDir,
    async stop() {
      rmSync(outDir, { recursive: true, force: true })
    },
  }
}
