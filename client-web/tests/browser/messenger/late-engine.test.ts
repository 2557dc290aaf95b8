/** The engine of version 3 is fetched when it is needed: where that fails, messages wait, and none is given up. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { CryptoError } from '@/crypto/errors'
import type { SealedEngine } from '@/crypto/engine/engine'
import { settledClients } from '../../support/client'
import { beforeDecrypting } from '../../support/engine'
import { hurry } from '../../support/hurry'
import { until } from '../../support/wait'

/** How often it was said that a part is missing: the page then asks whether the server has a newer version. */
function missingParts(): { count: number } {
  const told = { count: 0 }
  const note = (): void => void (told.count += 1)
  addEventListener('sealstream:part-missing', note)
  onTestFinished(() => removeEventListener('sealstream:part-missing', note))
  return told
}

describe('a part of the engine that cannot be fetched now', () => {
  test('is no such fault while receiving: the message waits', async () => {
    let left = 0
    const engine = beforeDecrypting(() => {
      if (left-- > 0) throw new CryptoError('not_loaded')
    })
    const { relay, anna, bob } = await settledClients({ engine })
    left = 6
    const told = missingParts()
    await anna.messenger.sendText(bob.chat, 'patient')
    const impatience = setInterval(() => bob.messenger.reconnect(), 20)
    await until(() => bob.received().includes('patient'), 'read').finally(() =>
      clearInterval(impatience),
    )
    await until(() => relay.device('bob').mailbox.length === 0, 'acknowledged')
    expect(told.count).toBeGreaterThan(0)
    expect(bob.flow()).not.toContain('awaited')
  })

  test('sets nothing aside that is to be sent', async () => {
    const { now } = hurry(20)
    let left = 0
    const engine = (real: SealedEngine): SealedEngine => ({
      ...real,
      encrypt: (request) =>
        left-- > 0 ? Promise.reject(new CryptoError('not_loaded')) : real.encrypt(request),
    })
    const { anna, bob } = await settledClients({ engine, now })
    // So often a fault of our own would be tried.
    left = 3
    const told = missingParts()
    await anna.messenger.sendText(bob.chat, 'patient')
    await until(() => bob.received().includes('patient'), 'sent', 40_000)
    expect(anna.shown.messages.map(({ problem }) => problem)).not.toContain('set_aside')
    expect(told.count).toBeGreaterThan(0)
  })
})
