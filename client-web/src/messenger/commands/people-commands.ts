import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/protocol/protocol'
import {
  fingerprint as fingerprintOf,
  parseContactCode,
  parseContactQr,
} from '@/crypto/contact/contact-code'
import { RelayError } from '@/wire/errors'
import type { ContactAnswer } from '@/wire/types'
import { conversationWith, MessengerError } from '@/messenger/contract'
import type { ErrorCode, PeopleCommands, UserId } from '@/messenger/contract'
import { stageDecision } from '@/messenger/keys/key-decisions'
import { nicknameProblem, readNickname } from '@/text/nickname'
import { withSiblings } from './with-siblings'
import { newContact } from '@/messenger/people/people'
import type { Misfit } from '@/messenger/people/people'
import type { ContactRecord } from '@/messenger/core/records'
import type { Services } from '@/messenger/session/services'
import { readKey } from '@/messenger/keys/sessions'

/** Contacts and requests: whom the person knows, and wants to hear. */
export function peopleCommands(services: () => Services): PeopleCommands {
  /** Adds or completes a contact whose name and key the relay just confirmed. */
  async function add(answer: ContactAnswer, verified: boolean): Promise<string> {
    const { people, chats, core, sync } = services()
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
      chats.stage(changes, conversationWith(userId), { archived: false })
      const added = { userId, username, identity: identityKey }
      sync.stage(changes, added, { what: 'contact', relation: 'contact' })
      if (verified) sync.stage(changes, added, { what: 'verified', verified })
      await core.store.commit(changes)
      return other
    })
    await services().keyDecided(userId, renewed)
    services().relationsChanged()
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
  async function refuse(turn: Turn, userId: UserId, identity: PublicKey): Promise<never> {
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

  async function setBlocked(id: UserId, blocked: boolean): Promise<void> {
    const { people } = services()
    await withSiblings(services(), id, { what: 'block', blocked }, (changes) =>
      people.stage(changes, { ...people.get(id), blocked }),
    )
    services().relationsChanged()
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
      await services().readMarks.oweReceipts(id)
    },
    async declineRequest(id) {
      const { removals } = services()
      const change = { what: 'contact', relation: 'declined' } as const
      await withSiblings(services(), id, change, (changes) => removals.stageRequest(changes, id))
      services().relationsChanged()
    },
    async setNickname(id, nickname) {
      const name = nickname === null ? null : readNickname(nickname)
      const problem = name === null ? null : nicknameProblem(name)
      if (problem === 'blank') throw new MessengerError('invalid', '', { field: 'nickname' })
      if (problem === 'too_long') throw new MessengerError('too_long')
      if (problem === 'control') throw new MessengerError('unsendable_text')
      const { people, chats } = services()
      await withSiblings(services(), id, { what: 'nickname', nickname: name }, (changes) => {
        people.stage(changes, { ...people.get(id), nickname: name ?? undefined })
        changes.whenStored(() => chats.show(conversationWith(id)))
      })
    },
    async openNotes() {
      const { core, chats } = services()
      const id = conversationWith(core.account.userId)
      await core.serial.run(async (turn) => {
        const changes = new TurnChanges(turn)
        chats.stage(changes, id, { archived: false })
        await core.store.commit(changes)
      })
      return id
    },
    block: (id) => setBlocked(id, true),
    unblock: (id) => setBlocked(id, false),
    async setPresence(id, on) {
      const { people, core, presence } = services()
      await core.serial.run(async (turn) => {
        const changes = new TurnChanges(turn)
        people.stage(changes, { ...people.get(id), presenceOff: !on })
        await core.store.commit(changes)
      })
      // Told at the next connection at the latest.
      await presence.watch().catch(() => undefined)
    },
    async removeContact(id) {
      const { people, removals } = services()
      const change = { what: 'contact', relation: 'removed' } as const
      await withSiblings(services(), id, change, async (changes) => {
        people.get(id)
        await removals.stageContact(changes, id)
      })
      services().relationsChanged()
    },
  }
}
