/** Receipts signed by the relay: asked for on demand, checked, kept with the message, never in its way. */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { beforeEach, describe, expect, test } from 'vitest'
import { concat, fromBase64, own, toBase64, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { RelayError } from '@/wire/errors'
import type { HttpCall } from '@/wire/http'
import type { SocketHandlers } from '@/wire/socket'
import type { SendPayload } from '@/wire/types'
import type { Wire } from '@/wire/wire'
import { acquaintedClients, Client } from '../../support/client'
import { TestRelay } from '../../support/test-relay'
import { until } from '../../support/wait'

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** Signs what it accepts, as PROTOCOL says; the tests bend what it signs and which keys it shows. */
class SigningRelay extends TestRelay {
  log: string | null = crypto.randomUUID()
  hasKeys = true
  readonly kid = crypto.getRandomValues(new Uint8Array(8))
  readonly secret = ed25519.utils.randomSecretKey()
  /** What becomes of a receipt on its way; null: it is left out. */
  onReceipt: (receipt: Bytes) => unknown = (receipt) => receipt
  asked = 0

  override wire(): Wire {
    const keys = async ({ path }: HttpCall): Promise<unknown> => {
      if (path !== '/v1/receipts/keys' || !this.hasKeys) return undefined
      this.asked += 1
      const key = toBase64(ed25519.getPublicKey(this.secret))
      return [{ kid: hex(this.kid), key, from: 1 }]
    }
    const plain = super.wire(keys)
    const connect = (token: string, on: SocketHandlers) => {
      const socket = plain.connect(token, { ...on, opened: () => on.opened(this.log) })
      const send = async (payload: SendPayload) => {
        const answer = await socket.send(payload)
        if (!payload.receipt) return answer
        const accepted = answer.accepted.map((row) => {
          const receipt = this.onReceipt(this.sign(payload, row, answer.at))
          return receipt === null ? row : { ...row, receipt: receipt as Bytes }
        })
        return { ...answer, accepted }
      }
      return { ...socket, send }
    }
    return { ...plain, connect }
  }

  sign(payload: SendPayload, row: { device_id: number; seq: number }, at: number): Bytes {
    const body = payload.envelopes.find((one) => one.device_id === row.device_id)?.body ?? utf8('')
    const facts = [this.log, payload.to, row.device_id, row.seq, payload.id, hex(sha256(body)), at]
    const text = ['sealstream receipt 1', ...facts].map((fact) => `${fact}\n`).join('')
    return own(concat(this.kid, ed25519.sign(utf8(text), this.secret)))
  }
}

let relay: SigningRelay
let anna: Client
let bob: Client

beforeEach(async () => {
  relay = new SigningRelay()
  const both = await acquaintedClients({}, relay)
  anna = both.anna
  bob = both.bob
  await anna.messenger.openConversation(bob.chat)
})

const asking = () => relay.sends.filter(({ payload }) => payload.receipt)
const refused = (client: Client) =>
  client.shown.events.filter(({ type }) => type === 'receipt_refused')

/** Sends a text and returns it as it stands once the relay took it. */
async function accepted(text: string, client = anna) {
  const { id } = await client.messenger.sendText(bob.chat, text)
  const found = () => client.shown.messages.find((one) => one.id === id)
  await until(() => !['waiting', undefined].includes(found()?.status), text)
  return found()
}

test('nobody is asked for receipts unless the person wants them', async () => {
  const message = await accepted('plain')
  expect(asking()).toEqual([])
  expect(relay.asked).toBe(0)
  expect(message?.signedReceipts).toBeUndefined()
})

describe('with receipts wanted', () => {
  beforeEach(() => anna.messenger.setSetting('signedReceipts', true))

  test('the receipt names what was sent, stays with the message and outlives a reload', async () => {
    const before = relay.sends.length
    const message = await accepted('signed')
    const [call] = asking()
    const sealed = call?.payload.envelopes[0]?.body ?? utf8('')
    const [receipt] = message?.signedReceipts ?? []
    expect(receipt).toMatchObject({
      log: relay.log,
      userId: bob.userId,
      device: 1,
      id: call?.payload.id,
      digest: hex(sha256(sealed)),
    })
    expect(fromBase64(receipt?.receipt ?? '')).toHaveLength(72)
    // What tells of messages is not asked about: only the message itself.
    await until(() => bob.received().includes('signed'), 'received')
    const texts = relay.sends.slice(before).filter(({ from }) => from === 'anna')
    expect(asking().length).toBe(1)
    expect(texts.length).toBeGreaterThanOrEqual(1)
    await accepted('signed, too')
    expect(relay.asked).toBe(1)

    const again = await anna.reloaded()
    await again.messenger.openConversation(bob.chat)
    expect(again.shown.messages.find((one) => one.text === 'signed')?.signedReceipts).toEqual([
      receipt,
    ])
  })

  test('it is handed out as a file that the relay can check', async () => {
    const message = await accepted('signed')
    await anna.messenger.saveReceipts(message?.id ?? '')
    const [saved] = anna.saved
    expect(saved?.name).toMatch(/^sealstream-receipt-[0-9a-f]{8}\.json$/)
    const content = JSON.parse((await saved?.file.text()) ?? '')
    const { userId, device, ...rest } = message?.signedReceipts?.[0] ?? {}
    expect(content).toEqual({
      format: 'sealstream receipts 1',
      receipts: [{ ...rest, user_id: userId, device_id: device }],
    })
    const unsigned = await bob.messenger.sendText(anna.chat, 'none')
    await expect(bob.messenger.saveReceipts(unsigned.id)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  const flipped = (at: number) => (receipt: Bytes) =>
    receipt.map((byte, place) => (place === at ? byte ^ 1 : byte))
  test.each([
    ['of another signature', flipped(20)],
    ['of an unknown key', flipped(0)],
    ['that is too short', (receipt: Bytes) => receipt.slice(0, 71)],
  ])(
    'a receipt %s is a line in the security log, and the message goes its way',
    async (_, bend) => {
      relay.onReceipt = bend
      const message = await accepted('bent')
      expect(message?.problem).toBeNull()
      expect(message?.signedReceipts).toBeUndefined()
      expect(refused(anna)).toMatchObject([{ userId: bob.userId, count: 1 }])
      await until(() => bob.received().includes('bent'), 'received')
    },
  )

  test('a key is never exchanged under its name', async () => {
    await accepted('signed')
    const other = ed25519.utils.randomSecretKey()
    relay.secret.set(other)
    const again = await anna.reloaded()
    await again.messenger.openConversation(bob.chat)
    const message = await accepted('by another key', again)
    expect(message?.signedReceipts).toBeUndefined()
    expect(refused(again)).toHaveLength(1)
  })

  test('the same call is made again, whatever the setting is by then', async () => {
    let lost = 1
    relay.afterSend = ({ receipt }) => {
      if (receipt && lost-- > 0) throw new RelayError('no_answer')
    }
    const { id } = await anna.messenger.sendText(bob.chat, 'twice')
    await until(() => asking().length === 1, 'asked')
    await anna.messenger.setSetting('signedReceipts', false)
    const found = () => anna.shown.messages.find((one) => one.id === id)
    await until(() => found()?.signedReceipts?.length === 1, 'signed')
    expect(asking().map(({ payload }) => payload.receipt)).toEqual([true, true])
  })
})

describe('an older relay', () => {
  const wantIt = () => anna.messenger.setSetting('signedReceipts', true)

  test('that names no log is not asked', async () => {
    relay.log = null
    const again = await anna.reloaded()
    await again.messenger.setSetting('signedReceipts', true)
    await again.messenger.openConversation(bob.chat)
    await accepted('old', again)
    expect(asking()).toEqual([])
  })

  test('that has no keys is not asked', async () => {
    relay.hasKeys = false
    await wantIt()
    await accepted('old')
    expect(asking()).toEqual([])
  })

  test('that answers without a receipt breaks nothing', async () => {
    relay.onReceipt = () => null
    await wantIt()
    const message = await accepted('old')
    expect(asking()).toHaveLength(1)
    expect(message?.signedReceipts).toBeUndefined()
    expect(refused(anna)).toEqual([])
  })
})
