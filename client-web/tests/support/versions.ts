/** Which versions of the protocol clients write in, as the relay sees them. */
import type { Client } from './client'
import type { TestRelay } from './test-relay'
import { until } from './wait'

/** By the first byte of the ciphertext. */
export const versions = (relay: TestRelay, from: string): number[] =>
  relay.sends
    .filter((one) => one.from === from)
    .flatMap(({ payload }) => payload.envelopes.map(({ body }) => (body[0] ?? 0) >> 4))

export const lastVersion = (relay: TestRelay, from: string) => versions(relay, from).at(-1)

export async function send(from: Client, to: Client, text: string): Promise<void> {
  await from.messenger.sendText(to.chat, text)
  await until(() => to.received().includes(text), text)
}

/** From now on its bundles of this person have no KEM prekey. */
export function withholdKem(relay: TestRelay, name = ''): void {
  relay.onAnswer = (path, answer) => {
    if (!path.startsWith(`/v1/bundles/${name}`)) return answer
    const devices = (answer['devices'] as object[]).map((one) => ({ ...one, kem_prekey: null }))
    return { ...answer, devices }
  }
}
