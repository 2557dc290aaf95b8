/** The inner state of a session, ours and the official library's, in one form: what both sides must agree on. */
import { toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { rootStep } from '@/crypto/v4/chains'
import { agreement } from '@/crypto/v4/pqxdh'
import { Fields } from '@/crypto/v4/protobuf'
import { readSession } from '@/crypto/v4/session-encoding'
import type { OurDevice } from './device'

interface ChainState {
  key: string
  /** Messages so far. */
  count: number
}

export interface InnerState {
  root: Bytes
  ratchetKey: Bytes
  baseKey: string
  sending: ChainState
  /** Of the newest ratchet key. */
  receiving: (ChainState & { ratchetKey: string }) | null
  epoch: number
  epochRoot: string
  /** By epoch; a wiped chain has no key. */
  links: Record<number, { sending: ChainState; receiving: ChainState }>
  braidEpoch: number
  authenticator: string
}

const text = (bytes: Bytes | null | undefined): string => (bytes ? toBase64(bytes) : '')

export function ours(device: OurDevice): InnerState {
  if (!device.record) throw new Error('no session')
  const { ratchet, pq, baseKey } = readSession(device.record)
  const { chains, braid } = pq
  const newest = ratchet.receiving.at(-1)
  const first = chains.epoch - chains.links.length + 1
  return {
    root: ratchet.root,
    ratchetKey: ratchet.own.publicKey,
    baseKey: text(baseKey),
    sending: { key: text(ratchet.sending.key), count: ratchet.sending.index },
    receiving: newest
      ? { key: text(newest.key), count: newest.index, ratchetKey: text(newest.ratchetKey) }
      : null,
    epoch: chains.epoch,
    epochRoot: text(chains.root),
    links: Object.fromEntries(
      chains.links.map(({ sending, receiving }, at) => [
        first + at,
        {
          sending: { key: text(sending?.key), count: sending?.counter ?? 0 },
          receiving: { key: text(receiving.key), count: receiving.counter },
        },
      ]),
    ),
    braidEpoch: braid.epoch,
    authenticator: text(braid.authenticator.root) + text(braid.authenticator.mac),
  }
}

/** `stored`: the official library's record (its `storage.proto` and `pq_ratchet.proto`). */
export function official(stored: Bytes): InnerState {
  const session = within(new Fields(stored), 1)
  const chain = (fields: Fields) => {
    const key = within(fields, 3)
    return { key: text(key.optionalBytes(2)), count: key.optionalNumber(1) ?? 0 }
  }
  const sender = within(session, 6)
  const newest = session.all(7).at(-1)
  const pq = within(session, 15)
  const chains = within(pq, 2)
  const epoch = chains.optionalNumber(2) ?? 0
  const links = chains.all(3)
  const side = (fields: Fields, field: number) => {
    const direction = within(fields, field)
    return { key: text(direction.optionalBytes(2)), count: direction.optionalNumber(1) ?? 0 }
  }
  const braid = braidOf(within(pq, 3))
  return {
    root: session.bytes(4),
    ratchetKey: sender.bytes(1),
    baseKey: text(session.bytes(13)),
    sending: chain(sender),
    receiving: newest
      ? { ...chain(new Fields(newest)), ratchetKey: text(new Fields(newest).bytes(1)) }
      : null,
    epoch,
    epochRoot: text(chains.bytes(4)),
    links: Object.fromEntries(
      links.map((bytes, at) => {
        const link = new Fields(bytes)
        return [epoch - links.length + 1 + at, { sending: side(link, 1), receiving: side(link, 2) }]
      }),
    ),
    ...braid,
  }
}

function braidOf(state: Fields): Pick<InnerState, 'braidEpoch' | 'authenticator'> {
  for (let kind = 1; kind <= 11; kind++) {
    const chunked = state.optionalBytes(kind)
    if (!chunked) continue
    const unchunked = within(new Fields(chunked), 1)
    const keys = within(unchunked, 2)
    return {
      braidEpoch: unchunked.number(1),
      authenticator: text(keys.bytes(1)) + text(keys.bytes(2)),
    }
  }
  throw new Error('no braid')
}

const within = (fields: Fields, field: number): Fields => new Fields(fields.bytes(field))

/**
 * What the two ends of a session disagree on just after `from` wrote and `to` read: names of the parts, none if
 * they agree. `ratchetSecret`: our own, on whichever side we are.
 */
export async function disagreements(
  from: InnerState,
  to: InnerState,
  device: OurDevice,
): Promise<string[]> {
  const wrong: string[] = []
  const same = (name: string, one: unknown, other: unknown) => {
    if (JSON.stringify(one) !== JSON.stringify(other)) wrong.push(name)
  }
  same('base key', from.baseKey, to.baseKey)
  const { ratchetKey, ...receiving } = to.receiving ?? { ratchetKey: '' }
  same('ratchet key', text(from.ratchetKey), ratchetKey)
  same('sending chain', from.sending, receiving)
  // The reader is one step of the root ahead: it has made its next ratchet key already.
  const own = readSession(device.record as NonNullable<typeof device.record>).ratchet.own
  const peer = text(own.publicKey) === text(from.ratchetKey) ? to.ratchetKey : from.ratchetKey
  same('root', text(rootStep(from.root, await agreement(peer, own)).root), text(to.root))
  for (const [epoch, link] of Object.entries(to.links)) {
    const sent = from.links[Number(epoch)]?.sending
    if (sent?.key) same(`chain of epoch ${epoch}`, sent, link.receiving)
  }
  if (from.epoch === to.epoch) {
    same('epoch root', from.epochRoot, to.epochRoot)
    same('authenticator', from.authenticator, to.authenticator)
  }
  return wrong
}
