/**
 * The relay's blobs over HTTP, for tests in a browser: tus 1.0.0 as the real one speaks it, honest unless told
 * otherwise. A test talks to it through `blob-relay.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createHash, randomBytes } from 'node:crypto'
import type { Plugin } from 'vite'
import type { Fault } from './blob-relay'

interface Blob {
  size: number
  data: Buffer
}

const PATH = '/v1/blobs'
const MOST = 8 * 1024 * 1024

export function blobServer(): Plugin {
  const blobs = new Map<string, Blob>()
  let faults: Fault[] = []
  let calls: string[] = []
  const standing: (() => void)[] = []
  let held: string | null = null
  const waiting: (() => void)[] = []

  async function control(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const order = JSON.parse((await bodyOf(request)).toString()) as Record<string, unknown>
    if (order['faults']) faults = order['faults'] as Fault[]
    if (order['forget']) blobs.clear()
    if (order['endCut']) for (const end of standing.splice(0)) end()
    if (order['hold']) held = order['hold'] as string
    if (order['release']) {
      held = null
      for (const go of waiting.splice(0)) go()
    }
    if (order['put']) {
      const { id, data } = order['put'] as { id: string; data: string }
      const bytes = Buffer.from(data, 'base64')
      blobs.set(id, { size: bytes.length, data: bytes })
    }
    const known = [...blobs].map(([id, { size, data }]) => ({
      id,
      size,
      received: data.length,
      digest: createHash('sha256').update(data).digest('hex'),
    }))
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ calls, blobs: known, left: faults.length }))
    if (order['clear']) calls = []
  }

  function refuse(response: ServerResponse, fault: Fault): void {
    const { status = 500, code, retryAfter } = fault
    if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter))
    response.statusCode = status
    response.end(JSON.stringify({ code, status }))
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const id = url.slice(PATH.length + 1)
    const range = request.headers.range ?? ''
    calls.push([method, range && `from ${range.slice(6)}`].filter(Boolean).join(' '))
    if (method === held) await new Promise<void>((go) => waiting.push(go))
    const offset = request.headers['upload-offset']
    // The browser itself repeats a call whose connection ended: such a one takes no fault away.
    const isRepeated = offset !== undefined && Number(offset) !== blobs.get(id)?.data.length
    const at = isRepeated ? -1 : faults.findIndex((one) => one.method === method)
    const fault = faults[at]
    if (fault && !fault.always) faults.splice(at, 1)
    if (fault?.status !== undefined) return refuse(response, fault)
    response.setHeader('Tus-Resumable', '1.0.0')
    const blob = blobs.get(id)
    if (method === 'OPTIONS') {
      response.setHeader('Tus-Max-Size', String(MOST))
      response.writeHead(204).end()
      return
    }
    if (method === 'POST') {
      const size = Number(request.headers['upload-length'])
      if (size > MOST) return refuse(response, { method, status: 413, code: 'too_large' })
      const made = randomBytes(32).toString('base64url')
      blobs.set(made, { size, data: Buffer.alloc(0) })
      response.setHeader('Location', `${PATH}/${made}`)
      response.writeHead(201).end()
      return
    }
    if (!blob) return refuse(response, { method, status: 404, code: 'not_found' })
    if (method === 'HEAD') {
      response.setHeader('Upload-Offset', String(blob.data.length))
      response.setHeader('Upload-Length', String(blob.size))
      response.setHeader('Cache-Control', 'no-store')
      response.writeHead(200).end()
    } else if (method === 'PATCH') {
      if (isRepeated) {
        return refuse(response, { method, status: 409, code: 'offset_mismatch' })
      }
      for await (const piece of request as AsyncIterable<Buffer>) {
        blob.data = Buffer.concat([blob.data, piece])
        if (fault?.cut !== undefined && blob.data.length >= fault.cut) {
          request.socket.destroy()
          return
        }
      }
      response.setHeader('Upload-Offset', String(blob.data.length))
      response.writeHead(204).end()
    } else if (method === 'GET') {
      if (blob.data.length < blob.size) {
        return refuse(response, { method, status: 404, code: 'not_found' })
      }
      send(request, response, blob, fault, standing)
    } else if (method === 'DELETE') {
      blobs.delete(id)
      response.writeHead(204).end()
    } else response.writeHead(405).end()
  }

  return {
    name: 'blob-server',
    configureServer(server) {
      // Before Vite's own, which answer OPTIONS.
      const handle: typeof server.middlewares = ((
        request: IncomingMessage,
        response: ServerResponse,
        next: () => void,
      ) => {
        const handled = request.url?.startsWith('/test-blobs')
          ? control(request, response)
          : request.url?.startsWith(PATH)
            ? answer(request, response)
            : next()
        Promise.resolve(handled).catch(() => response.destroy())
      }) as never
      server.middlewares.stack.unshift({ route: '', handle })
    },
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { data }: Blob,
  fault: Fault | undefined,
  standing: (() => void)[],
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (from > 0 && from >= data.length) {
    response.writeHead(416).end()
    return
  }
  const whole = fault?.more ? Buffer.concat([data, Buffer.alloc(fault.more)]) : data
  const { changed } = fault ?? {}
  const sent = whole.map((byte, at) => (at === changed ? byte ^ 1 : byte))
  const rest = sent.subarray(from)
  response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': rest.length })
  if (fault?.cut === undefined) {
    response.end(rest)
    return
  }
  response.write(rest.subarray(0, fault.cut))
  standing.push(() => request.socket.destroy())
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}
