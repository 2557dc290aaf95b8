/** The engine's thread may end or break: whoever waits for it is told. */
import { expect, test } from 'vitest'
import { CryptoError, isOwnFault } from '@/crypto/errors'
import { startEngine } from '@/crypto/engine/remote'
import { toMessengerError } from '@/messenger/session/messenger-errors'
import { nothing, startSealed, wrappingKey } from '../../support/sealed-party'

const broken = (): Worker =>
  new Worker(URL.createObjectURL(new Blob(['throw new Error("broken")'])), { type: 'module' })
const mute = (): Worker => new Worker(URL.createObjectURL(new Blob([''])), { type: 'module' })

test('what was asked of a thread that is ended fails, and so does what is asked later', async () => {
  const { engine, terminate } = startEngine(mute)
  const asked = engine.createIdentity()
  terminate()
  await expect(asked).rejects.toMatchObject({ name: 'CryptoError', code: 'internal' })
  await expect(engine.createIdentity()).rejects.toMatchObject({ code: 'internal' })
})

test('a thread that breaks fails what it was asked; the next call has a new one, with the safe open', async () => {
  const threads: Worker[] = []
  const start = (): Worker => {
    const url = new URL('../../../src/crypto/worker.ts', import.meta.url)
    const thread = new Worker(url, { type: 'module' })
    threads.push(thread)
    return thread
  }
  const { engine, terminate } = await startSealed(start)
  const identity = await engine.createIdentity()
  threads[0]?.dispatchEvent(new ErrorEvent('error', { cancelable: true }))
  // Sealed by the thread before it.
  expect(await engine.createSignedPrekey(identity, 1)).toMatchObject({ id: 1 })
  expect(threads).toHaveLength(2)
  terminate()
})

test('a thread that is broken from the start fails what it was asked', async () => {
  const { engine, terminate } = startEngine(broken)
  await expect(engine.createPrekeys(1, 1)).rejects.toMatchObject({ code: 'not_loaded' })
  terminate()
})

test('a thread whose script cannot be fetched says so; the next call tries again', async () => {
  const scripts = ['/no-such-script.js', new URL('../../../src/crypto/worker.ts', import.meta.url)]
  const start = (): Worker => new Worker(scripts.shift() ?? '', { type: 'module' })
  const { engine, createSafe, terminate } = startEngine(start)
  const asked = engine.createPrekeys(1, 1)
  await expect(asked).rejects.toSatisfy(
    (error: CryptoError) => error.code === 'not_loaded' && isOwnFault(error),
  )
  expect(toMessengerError(new CryptoError('not_loaded'), 0).code).toBe('offline')
  expect(await createSafe(await wrappingKey(), nothing)).toHaveProperty('wrapped')
  terminate()
})

test('without an open safe nothing is made or opened', async () => {
  const { engine, terminate } = startEngine()
  await expect(engine.createIdentity()).rejects.toMatchObject({ code: 'internal' })
  terminate()
})

test('a safe that does not open is damaged, and opens with the right wrapping afterwards', async () => {
  const { engine, createSafe, unlock, terminate } = startEngine()
  const [wrapping, other] = [await wrappingKey(), await wrappingKey()]
  const { wrapped } = await createSafe(wrapping, nothing)
  const identity = await engine.createIdentity()
  const wrong = unlock(async () => ({ wrapped, wrapping: other, identity }))
  await expect(wrong).rejects.toMatchObject({ code: 'damaged' })
  await unlock(async () => ({ wrapped, wrapping, identity }))
  const { secret } = await engine.createIdentity()
  const foreign = unlock(async () => ({ wrapped, wrapping, identity: { ...identity, secret } }))
  await expect(foreign).rejects.toMatchObject({ code: 'damaged' })
  terminate()
})
