import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/engine'
import { fingerprint as fingerprintOf, parseContactCode, parseContactQr } from '@/crypto/identity'
import { RelayError } from '@/wire/errors'
import type { ContactAnswer } from '@/wire/types'
import { removedKey } from '@/messenger/receiving/counters'
import { MessengerError } from '@/messenger/contract'
import type { ErrorCode, PeopleCommands } from '@/messenger/contract'
import { stageDecision, stageSessionsEnd } from '@/messenger/keys/key-decisions'
import { keyDecided } from './key-decided'
import { newContact } from '@/messenger/people/people'
import type { Misfit } from '@/messenger/people/people'
import type { ContactRecord } from '@/messenger/core/records'
import type { Services } from '@/messenger/session/services'
import { readKey } from '@/messenger/keys/sessions'

/** Contacts and requests: whom the person knows, and wants to hear. */
export function peopleCommands(services: () => Services): PeopleCommands {
  /** Adds or completes a contact whose name and key the relay just confirmed. */
  async function add(answer: ContactAnswer, verified: boolean): Promise<string> {
    const { people, chats, requests, core, presence } = services()
    const { userId, username, identityKey } = answer
    if (userId === core.account.userId) throw new MessengerError('own_code')
    const renewed = await core.serial.run(async (turn) => {
      const now = core.now()
      const known = people.all.get(userId)
      const isContact = known?.relation === 'contact'
      const misfit = people.misfit(answer, verified)
      if (misfit) await refuseAnswer(turn, answer, misfit)
      const base: ContactRecord = {
        ...(known ??
          newContact({ userId, username, identity: identityKey, relation: 'contact' }, now)),
        username,
        relation: 'contact',
        addedAt: isContact ? known.addedAt : now,
      }
      const other = !equal(base.identity, identityKey)
      if (isContact && other && !verified) await refuse(turn, userId, identityKey)
      const changes = new TurnChanges(turn)
      if (other || verified) {
        await stageDecision(services(), changes, base, identityKey, verified)
      } else people.stage(changes, base)
      chats.stage(changes, userId, { archived: false })
      await core.store.commit(changes)
      return other
    })
    requests.show()
    await keyDecided(services(), userId, renewed)
    presence.watch().catch(() => undefined)
    return userId
  }

  /** The relay names an id or a key that this device knows as somebody else's. */
  async function refuseAnswer(
    turn: Turn,
    { userId, identityKey }: ContactAnswer,
    misfit: Misfit,
  ): Promise<never> {
    await services().log.addNow(turn, 'answer_refused', { userId, identity: identityKey })
    throw new MessengerError(misfit, 'the answer is about somebody else')
  }

  /** A typed code does not replace a contact's pinned key: its key is noted and shown. */
  async function refuse(turn: Turn, userId: string, identity: PublicKey): Promise<never> {
    const { core, keys } = services()
    const changes = new TurnChanges(turn)
    await keys.stage(changes, userId, identity)
    await core.store.commit(changes)
    throw new MessengerError('identity_changed', 'another key is pinned', {
      fingerprint: fingerprintOf(identity),
    })
  }

  /** The name that is shown is the one that was asked for, whatever the relay answers. */
  async function lookUp(
    username: string,
    print: string,
    outdated: ErrorCode = 'identity_changed',
  ): Promise<ContactAnswer> {
    const { core } = services()
    try {
      const answer = await core.api.contact(username, print)
      if (answer.username !== username) throw new MessengerError('name_mismatch')
      return answer
    } catch (error) {
      if (error instanceof RelayError && error.code === 'identity_changed') {
        const key = readKey(error.details['identity_key'])
        const fingerprint = fingerprintOf(key)
        throw new MessengerError(outdated, 'the code is old', { fingerprint })
      }
      throw error
    }
  }

  return {
    async addContactByCode(code) {
      // What a picture of a code says is a code too, with the whole key in it.
      const whole = parseContactQr(code)
      const parsed = whole
        ? { username: whole.username, fingerprint: fingerprintOf(whole.identityKey) }
        : parseContactCode(code)
      if (!parsed) throw new MessengerError('bad_code')
      if (parsed.username === services().core.account.username) throw new MessengerError('own_code')
      const answer = await lookUp(parsed.username, parsed.fingerprint)
      const same = whole
        ? equal(answer.identityKey, whole.identityKey)
        : fingerprintOf(answer.identityKey) === parsed.fingerprint
      if (!same) {
        throw new MessengerError('key_mismatch', 'the relay answered with another key')
      }
      return add(answer, false)
    },
    async addContactByQr(content) {
      const parsed = parseContactQr(content)
      if (!parsed) throw new MessengerError('bad_code')
      if (parsed.username === services().core.account.username) throw new MessengerError('own_code')
      const answer = await lookUp(parsed.username, fingerprintOf(parsed.identityKey))
      if (!equal(answer.identityKey, parsed.identityKey)) {
        const fingerprint = fingerprintOf(answer.identityKey)
        throw new MessengerError('key_mismatch', 'the relay has another key', { fingerprint })
      }
      return add(answer, true)
    },
    async acceptRequest(id) {
      const { username, identity } = services().people.get(id)
      // The name is what the stranger says of themselves: the relay must know it with this key.
      const answer = await lookUp(username, fingerprintOf(identity), 'request_outdated')
      if (answer.userId !== id || !equal(answer.identityKey, identity)) {
        throw new MessengerError('key_mismatch', 'the request is not from this name')
      }
      await add(answer, false)
      await services().oweReceipts(id)
    },
    async declineRequest(id) {
      const { people, chats, requests, search, core, held } = services()
      await core.serial.run(async (turn) => {
        const changes = new TurnChanges(turn)
        chats.stageRemoval(changes, id)
        people.stage(changes, { ...people.get(id), relation: 'hidden' })
        held.stageOnly(changes, id, null)
        changes.whenStored(() => search.removeConversation(id))
        await core.store.commit(changes)
      })
      requests.show()
    },
    async block(id) {
      await services().people.update(id, { blocked: true })
      services().requests.show()
      services()
        .presence.watch()
        .catch(() => undefined)
    },
    async unblock(id) {
      await services().people.update(id, { blocked: false })
      services().requests.show()
      services().outbox.resume(id)
      services()
        .presence.watch()
        .catch(() => undefined)
    },
    async removeContact(id) {
      const { people, chats, outbox, receipts, search, core, held } = services()
      await core.serial.run(async (turn) => {
        people.get(id)
        const changes = new TurnChanges(turn)
        // What was counted stays: nothing that was received comes again, and nothing seems missing.
        await stageSessionsEnd(changes, core.store, id)
        changes.put('counters', removedKey(id), [])
        chats.stageRemoval(changes, id)
        people.stageRemoval(changes, id)
        receipts.stageRemoval(changes, id)
        outbox.entries.stageRemovalTo(changes, id)
        held.stageOnly(changes, id, null)
        changes.whenStored(() => search.removeConversation(id))
        await core.store.commit(changes)
      })
      services()
        .presence.watch()
        .catch(() => undefined)
    },
  }
}
