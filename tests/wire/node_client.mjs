// A client from another world: Node's socket.io-client with socket.io-msgpack-parser. Reads one JSON line of
// orders from its standard input ({url, token, send: [{id, to, envelopes}]}), connects, sends, prints a JSON line per
// thing that happens, acknowledges what comes, and ends when told {"stop": true}.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(new URL('../../client-web/package.json', import.meta.url))
const { io } = require('socket.io-client')
const parser = require('socket.io-msgpack-parser')

const say = (what, value) => process.stdout.write(`${JSON.stringify({ what, value })}\n`)
const plain = (envelope) => ({ ...envelope, body: Buffer.from(envelope.body).toString('base64') })
let socket

createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line)
  if (order.stop) {
    socket?.close()
    process.exit(0)
  }
  if (order.url) {
    socket = io(order.url, { transports: ['websocket'], parser, auth: { token: order.token }, reconnection: order.comes_back ?? false })
    socket.on('connect', () => say('connect', null))
    socket.on('connect_error', (error) => say('connect_error', { message: error.message, data: error.data }))
    socket.on('envelopes', (envelopes) => {
      say('envelopes', envelopes.map(plain))
      socket.emit('ack', { upto: envelopes.at(-1).seq }, (answer) => say('acked', answer))
    })
    socket.onAny((event, payload) => event !== 'envelopes' && say(event, payload))
    socket.on('disconnect', (reason) => say('disconnect', reason))
  }
  if (order.dated) socket.emit('ack', { upto: new Date() }, (answer) => say('dated', answer))
  if (order.send) {
    const bytes = (body) => (order.as_array ? new Uint8Array(Buffer.from(body, 'base64')) : Buffer.from(body, 'base64'))
    const envelopes = order.send.envelopes.map((one) => ({ ...one, body: bytes(one.body) }))
    socket.emit('send', { ...order.send, envelopes }, (answer) => say('sent', answer))
  }
})
