/** The engine's thread may end or break: whoever waits for it is told. */
import { expect, test } from 'vitest'
import { startEngine } from '@/crypto/remote'

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

test('a thread that breaks fails what it was asked; the next call has a new one', async () => {
  let started = 0
  const whole = (): Worker =>
    new Worker(new URL('../../../src/crypto/worker.ts', import.meta.url), { type: 'module' })
  const { engine, terminate } = startEngine(() => (started++ === 0 ? broken() : whole()))
  await expect(engine.createPrekeys(1, 1)).rejects.toMatchObject({ code: 'internal' })
  expect(await engine.createPrekeys(1, 2)).toHaveLength(2)
  expect(started).toBe(2)
  terminate()
})
