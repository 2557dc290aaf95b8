/** Version 4 where it will run: with the browser's WebCrypto. What it promises is tested in `tests/unit/crypto/v4/`. */
import { expect, test } from 'vitest'
import { OurDevice, pass } from '../../support/device'

test('a conversation over an epoch of the post-quantum ratchet', async () => {
  const [alice, bob] = [await OurDevice.create(), await OurDevice.create()]
  await alice.start(bob)
  expect((await pass(alice, bob)).kind).toBe('prekey')
  for (let number = 0; number < 50; number++) {
    await pass(bob, alice)
    await pass(alice, bob)
  }
  expect((await pass(alice, bob)).kind).toBe('message')
})
