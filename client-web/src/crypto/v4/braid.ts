/**
 * The braid: two devices agree on a secret per epoch with ML-KEM-768, in chunks inside their messages. Promise:
 * both sides get the same secret for the same epoch, or a message fails. Lost and reordered chunks only delay the
 * agreement. One side creates the key pair (`KeysUnsampled` to `EkSentCt1Received`), the other the ciphertext;
 * they swap after each epoch. Source: Signal, "The ML-KEM Braid Protocol", section 2. The functions change the
 * given braid; the caller discards it when the message fails.
 */
import { concat, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'
import { checkTag, PROTOCOL, TAG_LENGTH, tagOf, startAuthenticator, updated } from './authenticator'
import type { Authenticator } from './authenticator'
import type { BraidMessage, Payload } from './braid-message'
import { assemble, chunkOf, CHUNKS, collect } from './erasure'
import type { Chunk } from './erasure'
import * as kem from './incremental-kem'
import { deriveKeys, NO_SALT, u64be } from './kdf'

const SECRET_INFO = utf8(`${PROTOCOL}:SCKA Key`)

/** In the order of their numbers in a stored session. */
export const BRAID_STATES = [
  'keysUnsampled',
  'keysSampled',
  'headerSent',
  'ct1Received',
  'ekSentCt1Received',
  'noHeaderReceived',
  'headerReceived',
  'ct1Sampled',
  'ekReceivedCt1Sampled',
  'ct1Acknowledged',
  'ct2Sampled',
] as const
type State = (typeof BRAID_STATES)[number]

/** Parts that change a few times per epoch; null where the state has none. */
export interface BraidParts {
  /** Seed of the key pair (64 bytes), or randomness of the ciphertext (32 bytes). */
  seed: Bytes | null
  header: Bytes | null
  /** The message that is sent in chunks. */
  outgoing: Bytes | null
  ct1: Bytes | null
  /** With its tag. It is sent after the first part is acknowledged. */
  ct2: Bytes | null
}

export interface Braid {
  state: State
  epoch: number
  authenticator: Authenticator
  /** Number of the next chunk to send. */
  next: number
  received: Chunk[]
  parts: BraidParts
}

export interface EpochSecret {
  epoch: number
  secret: Bytes
}

type Random = (length: number) => Bytes

const NO_PARTS: BraidParts = { seed: null, header: null, outgoing: null, ct1: null, ct2: null }

/** `initiator`: the side that began the session creates the first key pair. */
export const startBraid = (pqKey: Bytes, initiator: boolean): Braid => ({
  state: initiator ? 'keysUnsampled' : 'noHeaderReceived',
  epoch: 1,
  authenticator: startAuthenticator(pqKey),
  next: 0,
  received: [],
  parts: NO_PARTS,
})

/** The payload of every message sent in a state. */
const SENDS: Record<State, Payload['kind']> = {
  keysUnsampled: 'none',
  keysSampled: 'header',
  headerSent: 'vector',
  ct1Received: 'vectorAndAck',
  ekSentCt1Received: 'ack',
  noHeaderReceived: 'none',
  headerReceived: 'none',
  ct1Sampled: 'ct1',
  ekReceivedCt1Sampled: 'ct1',
  ct1Acknowledged: 'none',
  ct2Sampled: 'ct2',
}

/** The payload of the next message, and the epoch's secret if this message creates it. */
export function send(braid: Braid, random: Random): { payload: Payload; made: EpochSecret | null } {
  if (braid.state === 'keysUnsampled') sampleKeys(braid, random)
  const made = braid.state === 'headerReceived' ? sampleCiphertext(braid, random) : null
  const kind = SENDS[braid.state]
  if (kind === 'none' || kind === 'ack') return { payload: { kind }, made }
  const number = braid.next
  braid.next = (number + 1) % CHUNKS
  return { payload: { kind, chunk: { number, data: chunkOf(outgoing(braid), number) } }, made }
}

type Receive = (braid: Braid, chunk: Chunk, acknowledged: boolean) => EpochSecret | null

/** Transitions for payloads of the braid's own epoch. All other payloads change nothing. */
const RECEIVES: Record<State, Partial<Record<Payload['kind'], Receive>>> = {
  keysUnsampled: {},
  keysSampled: { ct1: beginVector },
  headerSent: { ct1: receiveCt1 },
  ct1Received: { ct2: beginCt2 },
  ekSentCt1Received: { ct2: receiveCt2 },
  noHeaderReceived: { header: receiveHeader },
  headerReceived: {},
  ct1Sampled: { vector: receiveVector, vectorAndAck: receiveVector },
  ekReceivedCt1Sampled: { ack: sendCt2, vectorAndAck: sendCt2 },
  ct1Acknowledged: { vector: receiveVector, vectorAndAck: receiveVector },
  ct2Sampled: {},
}

const NO_CHUNK: Chunk = { number: 0, data: new Uint8Array(32) }

/** Returns the epoch's secret if this message completes it. @throws CryptoError `bad_message` */
export function receive(braid: Braid, { epoch, payload }: BraidMessage): EpochSecret | null {
  if (epoch > braid.epoch) {
    const swapped = braid.state === 'ct2Sampled' && epoch === braid.epoch + 1
    if (!swapped) throw new CryptoError('bad_message', `epoch ${epoch} is ahead of ${braid.epoch}`)
    enter(braid, 'keysUnsampled', NO_PARTS)
    braid.epoch = epoch
  }
  if (epoch < braid.epoch) return null
  const acknowledged = payload.kind === 'vectorAndAck' || payload.kind === 'ack'
  const chunk = 'chunk' in payload ? payload.chunk : NO_CHUNK
  return RECEIVES[braid.state][payload.kind]?.(braid, chunk, acknowledged) ?? null
}

function enter(braid: Braid, state: State, parts: Partial<BraidParts>): void {
  braid.state = state
  braid.parts = { ...NO_PARTS, ...parts }
  braid.received = []
}

function part(braid: Braid, name: keyof BraidParts): Bytes {
  const value = braid.parts[name]
  if (!value) throw new CryptoError('internal', `${braid.state} without ${name}`)
  return value
}
const outgoing = (braid: Braid): Bytes => part(braid, 'outgoing')

/** Stores the chunk. Returns the message once there are enough chunks. */
function gather(braid: Braid, chunk: Chunk, length: number): Bytes | null {
  braid.received = collect(braid.received, chunk, length)
  return assemble(braid.received, length)
}

function epochSecret(braid: Braid, shared: Bytes): EpochSecret {
  const { epoch } = braid
  const [secret] = deriveKeys(NO_SALT, shared, concat(SECRET_INFO, u64be(epoch)), 1) as [Bytes]
  braid.authenticator = updated(braid.authenticator, epoch, secret)
  return { epoch, secret }
}

// Transitions of the side that creates the key pair.

function sampleKeys(braid: Braid, random: Random): void {
  const seed = concat(random(32), random(32))
  const { header } = kem.generate(seed)
  const tag = tagOf(braid.authenticator, 'header', braid.epoch, header)
  enter(braid, 'keysSampled', { seed, outgoing: concat(header, tag) })
  braid.next = 0
}

function beginVector(braid: Braid, chunk: Chunk): null {
  const seed = part(braid, 'seed')
  enter(braid, 'headerSent', { seed, outgoing: kem.generate(seed).vector })
  braid.next = 0
  gather(braid, chunk, kem.CT1_LENGTH)
  return null
}

function receiveCt1(braid: Braid, chunk: Chunk): null {
  const ct1 = gather(braid, chunk, kem.CT1_LENGTH)
  if (ct1) enter(braid, 'ct1Received', { ...braid.parts, ct1 })
  return null
}

function beginCt2(braid: Braid, chunk: Chunk): null {
  const { seed, ct1 } = braid.parts
  enter(braid, 'ekSentCt1Received', { seed, ct1 })
  gather(braid, chunk, kem.CT2_LENGTH + TAG_LENGTH)
  return null
}

function receiveCt2(braid: Braid, chunk: Chunk): EpochSecret | null {
  const whole = gather(braid, chunk, kem.CT2_LENGTH + TAG_LENGTH)
  if (!whole) return null
  const [ct1, ct2] = [part(braid, 'ct1'), whole.slice(0, kem.CT2_LENGTH)]
  const made = epochSecret(braid, kem.decapsulate(part(braid, 'seed'), ct1, ct2))
  const tag = whole.subarray(kem.CT2_LENGTH)
  checkTag(braid.authenticator, 'ciphertext', braid.epoch, concat(ct1, ct2), tag)
  enter(braid, 'noHeaderReceived', NO_PARTS)
  braid.epoch += 1
  return made
}

// Transitions of the side that creates the ciphertext.

function receiveHeader(braid: Braid, chunk: Chunk): null {
  const whole = gather(braid, chunk, kem.HEADER_LENGTH + TAG_LENGTH)
  if (!whole) return null
  const header = whole.slice(0, kem.HEADER_LENGTH)
  const tag = whole.subarray(kem.HEADER_LENGTH)
  checkTag(braid.authenticator, 'header', braid.epoch, header, tag)
  enter(braid, 'headerReceived', { header })
  return null
}

function sampleCiphertext(braid: Braid, random: Random): EpochSecret {
  const [header, seed] = [part(braid, 'header'), random(32)]
  const { ct1, secret } = kem.encapsulateHeader(header, seed)
  const made = epochSecret(braid, secret)
  enter(braid, 'ct1Sampled', { header, seed, outgoing: ct1 })
  braid.next = 0
  return made
}

function receiveVector(braid: Braid, chunk: Chunk, acknowledged: boolean): null {
  const vector = gather(braid, chunk, kem.VECTOR_LENGTH)
  if (vector) {
    const ct1 = outgoing(braid)
    const ct2 = kem.encapsulateVector(part(braid, 'header'), part(braid, 'seed'), vector)
    const tag = tagOf(braid.authenticator, 'ciphertext', braid.epoch, concat(ct1, ct2))
    const heard = acknowledged || braid.state === 'ct1Acknowledged'
    enter(braid, 'ekReceivedCt1Sampled', { outgoing: ct1, ct2: concat(ct2, tag) })
    if (heard) sendCt2(braid)
  } else if (acknowledged) {
    braid.state = 'ct1Acknowledged'
  }
  return null
}

function sendCt2(braid: Braid): null {
  enter(braid, 'ct2Sampled', { outgoing: part(braid, 'ct2') })
  braid.next = 0
  return null
}
