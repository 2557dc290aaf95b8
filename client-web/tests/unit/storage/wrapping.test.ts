/** Real cost: the browser's tests lock with a smaller one. */
import { expect, test } from 'vitest'
import { random } from '@/crypto/bytes'
import { PASSPHRASE_ITERATIONS } from '@/crypto/passphrase-cost'
import { unwrap, wrap } from '@/storage/wrapping'

test('threat 28: each guess at the passphrase of the lock costs 600,000 rounds', async () => {
  expect(PASSPHRASE_ITERATIONS).toBe(600_000)
  const device = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
  const root = random(32)
  const entry = await wrap(device, root, 'seven good words')
  expect(entry.passphrase?.iterations).toBe(600_000)
  expect(await unwrap(device, entry, 'seven good words')).toEqual(root)
  const salt = entry.passphrase?.salt ?? random(16)
  const fewer = { ...entry, passphrase: { salt, iterations: 599_999 } }
  await expect(unwrap(device, fewer, 'seven good words')).rejects.toThrow('wrong_passphrase')
})
