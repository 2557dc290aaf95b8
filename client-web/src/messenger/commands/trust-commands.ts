import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import { fingerprint, identityText } from '@/crypto/contact/contact-code'
import { parseSafetyQr, safetyQr } from '@/crypto/contact/safety-number'
import { localIdentity } from '@/messenger/core/core'
import { MessengerError } from '@/messenger/contract'
import type { TrustCommands, UserId } from '@/messenger/contract'
import { stageDecision } from '@/messenger/keys/key-decisions'
import { withSiblings } from './with-siblings'
import type { ContactRecord } from '@/messenger/core/records'
import type { Services } from '@/messenger/session/services'

/** The key that the person is asked about: the new one, while one waits. */
const inQuestion = (person: ContactRecord): PublicKey => person.changed?.identity ?? person.identity

/** Keys that changed, keys that were compared: what the person decides about them. */
export function trustCommands(services: () => Services): TrustCommands {
  /** `shown`: what was on screen. The relay may have shown another key since: that one gains nothing. */
  async function decide(id: UserId, shown: string, verified: boolean): Promise<void> {
    const { people, core } = services()
    const renewed = await core.serial.run(async (turn) => {
      const person = people.get(id)
      const identity = inQuestion(person)
      if (identityText(identity) !== shown) {
        const details = { fingerprint: fingerprint(identity) }
        throw new MessengerError('key_outdated', 'another key is in question by now', details)
      }
      await commit(turn, person, identity, verified)
      return !equal(identity, person.identity)
    })
    await services().keyDecided(id, renewed)
  }

  async function commit(
    turn: Turn,
    person: ContactRecord,
    identity: PublicKey,
    verified: boolean,
  ): Promise<void> {
    const { core, sync } = services()
    const changes = new TurnChanges(turn)
    await stageDecision(services(), changes, person, identity, verified)
    const decided = { ...person, identity }
    sync.stage(changes, decided, { what: 'contact', relation: 'contact' })
    if (verified) sync.stage(changes, decided, { what: 'verified', verified })
    await core.store.commit(changes)
  }

  async function safetyNumber(id: UserId): Promise<{ digits: string; identity: string }> {
    const { people, core } = services()
    const identityKey = inQuestion(people.get(id))
    const mine = localIdentity(core).publicKey
    const digits = await core.engine.safetyNumber(
      { userId: core.account.userId, identityKey: mine },
      { userId: id, identityKey },
    )
    return { digits, identity: identityText(identityKey) }
  }

  return {
    acceptNewKey: (id, shown) => decide(id, shown, false),
    markVerified: (id, shown) => decide(id, shown, true),
    async keepOldKey(id) {
      const { people, core } = services()
      await core.serial.run(async (turn) => {
        const person = people.get(id)
        await commit(turn, person, person.identity, false)
      })
      await services().keyDecided(id, false)
    },
    async clearVerified(id) {
      const { people } = services()
      await withSiblings(services(), id, { what: 'verified', verified: false }, (changes) =>
        people.stage(changes, { ...people.get(id), verified: false, verifiedAt: null }),
      )
    },
    async safetyNumber(id) {
      const { digits, identity } = await safetyNumber(id)
      return { groups: digits.match(/.{5}/g) ?? [], qr: safetyQr(digits), identity }
    },
    async compareSafetyQr(id, content) {
      const scanned = parseSafetyQr(content)
      if (!scanned) throw new MessengerError('bad_code')
      const { digits, identity } = await safetyNumber(id)
      if (scanned !== digits) throw new MessengerError('key_mismatch')
      // Compared outside of the relay's reach: this is the key, old or new.
      await decide(id, identity, true)
    },
  }
}
