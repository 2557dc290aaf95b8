/** Files to the relay and back, over lines that are cut and relays that refuse or lie. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { equal, random, toBase64 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { startFiles } from '@/files/remote'
import type { SealedBlob, TransferHooks } from '@/files/thread'
import { blobRelay } from '../../support/blob-relay'
import { freshName } from '../../support/storage'

beforeEach(async () => void (await blobRelay.anew()))

const MIB = 1024 * 1024
const patient = { timeout: 30_000 }

function noise(size: number): Bytes {
  const content = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) content.set(random(Math.min(65_536, size - at)), at)
  return content
}

class Hooks implements TransferHooks {
  readonly placed_: (string | null)[] = []
  readonly waits_: (number | null)[] = []
  readonly done: number[] = []
  renewals = 0
  token = async (renew: boolean) => (renew && (this.renewals += 1), 'token')
  placed = (id: string | null) => void this.placed_.push(id)
  progress = (done: number) => void this.done.push(done)
  waits = (wait: number | null) => void this.waits_.push(wait)
}

function device(database = freshName()) {
  const files = startFiles(location.origin, database)
  onTestFinished(async () => {
    for (const name of await files.names().catch(() => [])) await files.remove(name)
    files.terminate()
  })
  return files
}

async function sealed(size: number, files = device()) {
  const content = noise(size)
  const blob = await files.seal('one', new Blob([content]))
  return { files, content, blob, hooks: new Hooks() }
}
const bytesOf = async (blob: Blob): Promise<Bytes> => new Uint8Array(await blob.arrayBuffer())
const hex = (bytes: Bytes): string =>
  [...bytes].map((one) => one.toString(16).padStart(2, '0')).join('')
const wanted = (id: string, { digest, size }: SealedBlob) => ({ id, digest, size })

test('what one device seals and uploads, another downloads and opens', async () => {
  const { files, content, blob, hooks } = await sealed(2.5 * MIB)
  const id = await files.upload('up', 'one', null, hooks)
  const { blobs, calls } = await blobRelay.state()
  expect(blobs).toEqual([
    { id, size: blob.sealed, received: blob.sealed, digest: hex(blob.digest) },
  ])
  expect(calls).toEqual(['POST', 'PATCH'])
  expect(hooks.placed_).toEqual([id])
  const other = device()
  expect(await other.download('down', 'two', wanted(id, blob), new Hooks())).toBe(blob.sealed)
  const opened = await other.open('two', blob.key, blob.size, 'image/jpeg')
  expect(opened.type).toBe('image/jpeg')
  expect(equal(await bytesOf(opened), content)).toBe(true)
})

test('nothing of the content lies on the device in the clear, or under its name', async () => {
  const files = device()
  const content = new TextEncoder().encode('nobody may read this '.repeat(50_000))
  const { key } = await files.seal('one', new Blob([content]))
  const root = await navigator.storage.getDirectory()
  for await (const [name, handle] of root as unknown as AsyncIterable<[string, FileSystemHandle]>) {
    expect(name).not.toContain('nobody')
    if (handle.kind !== 'directory') continue
    const inside = handle as unknown as AsyncIterable<[string, FileSystemFileHandle]>
    for await (const [, file] of inside) {
      const lies = await (await file.getFile()).text()
      expect(lies).not.toContain('nobody may')
      expect(lies).not.toContain(toBase64(key))
    }
  }
})

describe('an upload', () => {
  test('goes on where it was cut, twice', async () => {
    const { files, blob, hooks } = await sealed(2.5 * MIB)
    await blobRelay.faults({ method: 'PATCH', cut: MIB }, { method: 'PATCH', cut: 2 * MIB })
    const id = await files.upload('up', 'one', null, hooks)
    const { blobs, calls, left } = await blobRelay.state()
    expect(blobs).toEqual([
      { id, size: blob.sealed, received: blob.sealed, digest: hex(blob.digest) },
    ])
    expect(left).toBe(0)
    expect(calls.filter((one) => one === 'POST')).toHaveLength(1)
    expect(calls.filter((one) => one === 'HEAD').length).toBeGreaterThanOrEqual(2)
  })
  test('goes on in a page that was opened anew', async () => {
    const database = freshName()
    const { files, blob, hooks } = await sealed(2.5 * MIB, device(database))
    await blobRelay.faults(
      { method: 'PATCH', cut: MIB },
      { method: 'HEAD', status: 503, retryAfter: 600 },
    )
    void files.upload('up', 'one', null, hooks).catch(() => undefined)
    await expect.poll(async () => (await blobRelay.state()).left, patient).toBe(0)
    files.terminate()
    const again = device(database)
    const [place] = hooks.placed_
    const id = await again.upload('up', 'one', place ?? null, new Hooks())
    expect(id).toBe(place)
    const { blobs, calls } = await blobRelay.state()
    expect(blobs[0]).toMatchObject({ received: blob.sealed, digest: hex(blob.digest) })
    expect(calls.filter((one) => one === 'POST')).toHaveLength(1)
  })
  test.each([
    ['429 with Retry-After', { status: 429, code: 'rate_limited', retryAfter: 0.2 }, 200],
    ['503 with Retry-After', { status: 503, code: 'unavailable', retryAfter: 0.3 }, 300],
    ['503 of a proxy', { status: 503 }, null],
    ['500', { status: 500, code: 'internal' }, null],
  ])('waits out a %s, and says so', async (_name, fault, wait) => {
    const { files, hooks } = await sealed(MIB)
    await blobRelay.faults({ method: 'POST', ...fault }, { method: 'PATCH', ...fault })
    await files.upload('up', 'one', null, hooks)
    const waits = hooks.waits_.filter((one) => one !== null)
    expect(waits).toHaveLength(2)
    if (wait !== null) expect(waits).toEqual([wait, wait])
    expect((await blobRelay.state()).calls).toEqual(['POST', 'POST', 'PATCH', 'HEAD', 'PATCH'])
  })
  test('renews its token, once', async () => {
    const { files, hooks } = await sealed(MIB)
    const stale = { method: 'POST', status: 401, code: 'token_expired' }
    await blobRelay.faults(stale)
    await files.upload('up', 'one', null, hooks)
    expect(hooks.renewals).toBe(1)
    await blobRelay.faults(stale, stale)
    await expect(files.upload('up', 'one', null, hooks)).rejects.toMatchObject({
      code: 'token_expired',
    })
  })
  test('begins anew when the relay has forgotten it', async () => {
    const { files, blob, hooks } = await sealed(MIB)
    const id = await files.upload('up', 'one', 'A'.repeat(43), hooks)
    expect(hooks.placed_).toEqual([null, id])
    expect((await blobRelay.state()).blobs[0]?.received).toBe(blob.sealed)
  })
  test.each([
    ['too large', { status: 413, code: 'too_large' }],
    ['no room', { status: 507, code: 'storage_full' }],
  ])('%s is an error with its code', async (_name, fault) => {
    const { files, hooks } = await sealed(MIB)
    await blobRelay.faults({ method: 'POST', ...fault })
    await expect(files.upload('up', 'one', null, hooks)).rejects.toMatchObject({ code: fault.code })
  })
  test('is cancelled', async () => {
    const { files, hooks } = await sealed(MIB)
    await blobRelay.faults({ method: 'POST', status: 503, retryAfter: 600 })
    const failed = files.upload('up', 'one', null, hooks).catch((error: unknown) => error)
    await expect.poll(() => hooks.waits_.length, patient).toBe(1)
    await files.cancel('up')
    expect(await failed).toMatchObject({ name: 'AbortError' })
  })
  test('is erased at the relay; twice is no failure', async () => {
    const { files, hooks } = await sealed(MIB)
    const id = await files.upload('up', 'one', null, hooks)
    await files.erase(id, 'token')
    expect((await blobRelay.state()).blobs).toEqual([])
    await files.erase(id, 'token')
    await blobRelay.faults({ method: 'DELETE', status: 503, code: 'unavailable' })
    await expect(files.erase(id, 'token')).rejects.toMatchObject({ code: 'unavailable' })
  })
  test('knows beforehand how much the relay takes', async () => {
    expect(await device().mostBytes()).toBe(8 * MIB)
  })
})

describe('room that is made beforehand', () => {
  test('is filled, and by nobody else', async () => {
    const { files, blob, hooks } = await sealed(MIB)
    const id = await files.place(blob.sealed, 'token')
    await files.complete('up', 'one', id, hooks)
    const { blobs, calls } = await blobRelay.state()
    expect(blobs).toMatchObject([{ id, received: blob.sealed, digest: hex(blob.digest) }])
    expect(calls).toEqual(['POST', 'HEAD', 'PATCH'])
  })
  test('is not made anew when the relay gave it up', async () => {
    const { files, hooks } = await sealed(MIB)
    const filled = files.complete('up', 'one', 'A'.repeat(43), hooks)
    await expect(filled).rejects.toMatchObject({ code: 'not_found' })
    expect((await blobRelay.state()).calls).toEqual(['HEAD'])
  })
  test.each([
    [
      'a refusal that passes',
      { status: 429, code: 'rate_limited', retryAfter: 600 },
      'rate_limited',
    ],
    ['one that does not', { status: 507, code: 'storage_full' }, 'storage_full'],
    ['an answer that names no blob', { status: 201 }, 'bad_answer'],
  ])('is not waited for: %s is an error', async (_name, fault, code) => {
    await blobRelay.faults({ method: 'POST', ...fault })
    await expect(device().place(MIB, 'token')).rejects.toMatchObject({ code })
  })
})

describe('a download', () => {
  async function uploaded(size = 2 * MIB) {
    const { files, content, blob, hooks } = await sealed(size)
    const id = await files.upload('up', 'one', null, hooks)
    await blobRelay.faults()
    return { content, blob, id, files: device(), hooks: new Hooks() }
  }
  test('goes on where it was cut, twice, also in a page that was opened anew', async () => {
    const { blob, id, content } = await uploaded()
    const database = freshName()
    await blobRelay.faults(
      { method: 'GET', cut: 900_000 },
      { method: 'GET', cut: 300_000 },
      { method: 'GET', status: 503, retryAfter: 600 },
    )
    const first = device(database)
    const hooks = new Hooks()
    void first.download('down', 'two', wanted(id, blob), hooks).catch(() => undefined)
    // What the page has not taken yet is lost with the connection.
    await expect.poll(() => hooks.done.length, patient).toBeGreaterThan(0)
    await blobRelay.endCut()
    // A wait, and its end with the next bytes.
    await expect.poll(() => hooks.waits_.length, patient).toBe(2)
    await blobRelay.endCut()
    await expect.poll(async () => (await blobRelay.state()).left, patient).toBe(0)
    first.terminate()
    const again = device(database)
    await again.download('down', 'two', wanted(id, blob), new Hooks())
    const opened = await again.open('two', blob.key, blob.size, '')
    expect(equal(await bytesOf(opened), content)).toBe(true)
    const gets = (await blobRelay.state()).calls.filter((one) => one.startsWith('GET'))
    const from = gets.map((one) => Number(/from (\d+)/.exec(one)?.[1] ?? 0))
    expect(from).toHaveLength(4)
    expect(from[0]).toBe(0)
    expect(from[1]).toBeGreaterThan(0)
    expect(from[2]).toBeGreaterThan(from[1] ?? 0)
    expect(from[3]).toBe(from[2])
  })
  test('waits out a refusal', async () => {
    const { files, blob, id, hooks } = await uploaded()
    await blobRelay.faults({ method: 'GET', status: 429, code: 'rate_limited', retryAfter: 0.2 })
    await files.download('down', 'two', wanted(id, blob), hooks)
    expect(hooks.waits_).toEqual([200, null])
  })
  test('of another blob is refused, and nothing of it stays', async () => {
    const { files, blob, id, hooks } = await uploaded(MIB)
    for (const other of [noise(blob.sealed), noise(100), noise(0)]) {
      await blobRelay.put(id, other)
      await expect(files.download('down', 'two', wanted(id, blob), hooks)).rejects.toMatchObject({
        code: 'bad_file',
      })
      expect(await files.names()).toEqual([])
    }
  })
  test('that is larger than it can be ends there', async () => {
    const { files, blob, id, hooks } = await uploaded(MIB)
    await blobRelay.faults({ method: 'GET', more: 6 * MIB })
    await expect(files.download('down', 'two', wanted(id, blob), hooks)).rejects.toMatchObject({
      code: 'bad_file',
    })
    expect(await files.names()).toEqual([])
  })
  test('of a file that is gone says so', async () => {
    const { files, blob, hooks } = await uploaded(MIB)
    const gone = wanted('A'.repeat(43), blob)
    await expect(files.download('down', 'two', gone, hooks)).rejects.toMatchObject({
      code: 'not_found',
    })
  })
  test('is not opened with another key or size', async () => {
    const { files, blob, id, hooks } = await uploaded(MIB)
    await files.download('down', 'two', wanted(id, blob), hooks)
    await expect(files.open('two', random(32), blob.size, '')).rejects.toMatchObject({
      code: 'bad_file',
    })
    await expect(files.open('two', blob.key, blob.size - 1, '')).rejects.toMatchObject({
      code: 'bad_file',
    })
  })
})
