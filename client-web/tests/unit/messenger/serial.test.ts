import { expect, test } from 'vitest'
import { Serial, TurnChanges } from '@/messenger/core/serial'

test('serial jobs run one after the other, a failed one included', async () => {
  const serial = new Serial()
  const seen: number[] = []
  const job = (n: number, fails = false) =>
    serial.run(async () => {
      await new Promise((done) => setTimeout(done, 10 - n))
      seen.push(n)
      if (fails) throw new Error('x')
    })
  const all = await Promise.allSettled([job(1), job(2, true), job(3)])
  expect(seen).toEqual([1, 2, 3])
  expect(all.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('changes to what is in memory need a turn, which the type checker asks for', async () => {
  // @ts-expect-error: outside of a job there is no turn
  void (() => new TurnChanges())
  // @ts-expect-error: nothing else is one
  void (() => new TurnChanges({}))
  await new Serial().run(async (turn) => {
    expect(new TurnChanges(turn).empty).toBe(true)
  })
})
