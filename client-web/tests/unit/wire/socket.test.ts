/** A connection between the two handshakes, against a server of sockets that stops there. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { encode } from '@msgpack/msgpack'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { RelayError } from '@/wire/errors'
import { openSocket } from '@/wire/socket'
import type { SocketHandlers } from '@/wire/socket'

const [TEXT, BINARY, CLOSE] = [0x81, 0x82, 0x88]
/** What a server writes to a WebSocket, up to 125 bytes. */
const frame = (kind: number, payload: Uint8Array | string): Buffer =>
  Buffer.concat([Buffer.of(kind, payload.length), Buffer.from(payload)])
const HANDSHAKE = '0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'

let server: Server
let base = ''
/** What is done once the client asks to be let in: Socket.IO's CONNECT. */
let asked: (socket: Duplex) => void = () => undefined
const sockets: Duplex[] = []

beforeEach(async () => {
  server = createServer().on('upgrade', (request, socket: Duplex) => {
    sockets.push(socket)
    const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    const key = `${request.headers['sec-websocket-key']}${guid}`
    const accept = createHash('sha1').update(key).digest('base64')
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
    socket.write([...lines, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'))
    socket.write(frame(TEXT, HANDSHAKE))
    socket.once('data', () => asked(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  vi.useRealTimers()
  for (const socket of sockets.splice(0)) socket.destroy()
  await new Promise((done) => void server.close(done))
})

function connect() {
  const told: string[] = []
  const handlers = {
    opened: () => told.push('opened'),
    refused: (error: RelayError) => told.push(`refused ${error.code}`),
    closed: () => told.push('closed'),
  } as unknown as SocketHandlers
  return { told, socket: openSocket(base, 'token', handlers) }
}
/** The client takes its leave: a closing frame among its short ones. */
const left = (socket: Duplex): Promise<void> =>
  new Promise((done) => {
    socket.on('data', (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += 6 + (Number(chunk[at + 1]) & 0x7f)) {
        if (chunk[at] === CLOSE) done()
      }
    })
  })

test('a connection that closes before it was let in is refused, once', async () => {
  asked = (socket) => void socket.destroy()
  const { told } = connect()
  await vi.waitFor(() => expect(told).toEqual(['refused no_answer']))
})

test('one that is never answered is given up after ten seconds, whatever else comes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const stalled = new Promise<Duplex>((done) => {
    asked = done
  })
  const { told } = connect()
  const socket = await stalled
  vi.advanceTimersByTime(9_000)
  socket.write(frame(TEXT, '2'))
  expect(told).toEqual([])
  const gone = left(socket)
  vi.advanceTimersByTime(1_000)
  expect(told).toEqual(['refused no_answer'])
  await gone
})

test('one that was let in is not given up, and its end is a close', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  asked = (socket) =>
    void socket.write(frame(BINARY, encode({ type: 0, nsp: '/', data: { sid: 's' } })))
  const { told } = connect()
  while (told.length === 0) await new Promise((done) => setImmediate(done))
  vi.advanceTimersByTime(20_000)
  expect(told).toEqual(['opened'])
  sockets[0]?.destroy()
  while (told.length === 1) await new Promise((done) => setImmediate(done))
  expect(told).toEqual(['opened', 'closed'])
})

test('one that is closed by us says nothing more', async () => {
  const arrived = new Promise<Duplex>((done) => {
    asked = done
  })
  const { told, socket } = connect()
  const gone = left(await arrived)
  socket.close()
  await gone
  expect(told).toEqual([])
})

test("the answer to CONNECT names the relay's log, or nothing that could be taken for one", async () => {
  const log = '6f1d7c1e-3c1f-4c55-9a6a-2f6a3a1b7d10'
  for (const [named, known] of [
    [log, log],
    ['no uuid', null],
    [undefined, null],
  ] as const) {
    asked = (socket) => {
      const data = { sid: 'x', ...(named && { log: named }) }
      socket.write(frame(BINARY, encode({ type: 0, nsp: '/', data })))
    }
    const opened = await new Promise((done) => {
      const handlers = { opened: done, closed: () => undefined } as unknown as SocketHandlers
      const connection = openSocket(base, 'token', handlers)
      onTestFinished(() => connection.close())
    })
    expect(opened).toBe(known)
  }
})
