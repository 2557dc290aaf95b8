import { equal } from '@/crypto/bytes'
import type { PublicKey } from '@/crypto/engine'
import { fingerprint as fingerprintOf, parseContactCode, parseContactQr } from '@/crypto/identity'
import { parseSafetyQr, safetyNumber, safetyQr } from '@/crypto/safety-number'
import { Changes } from '@/storage/changes'
import { RelayError } from '@/wire/errors'
import type { ContactAnswer } from '@/wire/types'
import { localIdentity } from './core'
import { MessengerError } from './contract'
import type { PeopleCommands } from './contract'
import { newContact } from './people'
import type { ContactRecord } from './records'
import type { Running } from './running'
import { readKey } from './sessions'

/** Contacts, requests, keys: what the person decides about other people. */
export function peopleCommands(running: () => Running): PeopleCommands {
  const stageForgotten = async (changes: Changes, id: string): Promise<void> => {
    const { store } = running().core
    for (const table of ['sessions', 'counters'] as const) {
      for (const key of await store.keys(table)) {
        const about = key.replace(/^in\//, '')
        if (about.startsWith(`${id}.`)) changes.remove(table, key)
      }
    }
  }

  /** Adds or completes a contact whose key the relay just confirmed. */
  async function add(answer: ContactAnswer, verified: boolean): Promise<string> {
    const { people, chats, log, requests, core, outbox, presence } = running()
    const { userId, username, identityKey } = answer
    if (userId === core.account.userId) throw new MessengerError('own_code')
    const now = core.now()
    const known = people.all.get(userId)
    if (known && !equal(known.identity, identityKey)) {
      if (!verified) {
        await running().keys.seen(userId, identityKey)
        const fingerprint = fingerprintOf(identityKey)
        throw new MessengerError('identity_changed', 'another key is pinned', { fingerprint })
      }
      await acceptKey(known, identityKey)
    }
    await core.serial.run(async () => {
      const base =
        people.all.get(userId) ??
        newContact({ userId, username, identity: identityKey, relation: 'contact' }, now)
      const record: ContactRecord = {
        ...base,
        relation: 'contact',
        addedAt: base.relation === 'contact' ? base.addedAt : now,
        changed: verified ? null : base.changed,
        verified: base.verified || verified,
        verifiedAt: verified ? now : base.verifiedAt,
      }
      const changes = new Changes()
      const shows = [people.stage(changes, record)]
      shows.push(chats.stage(changes, userId, { archived: false }))
      if (verified) shows.push(log.stage(changes, 'verified', { userId, identity: identityKey }))
      await core.store.commit(changes)
      for (const show of shows) show()
    })
    requests.show()
    outbox.resume(userId)
    presence.watch().catch(() => undefined)
    return userId
  }

  async function lookUp(username: string, print: string): Promise<ContactAnswer> {
    const { core } = running()
    try {
      return await core.api.contact(username, print)
    } catch (error) {
      if (error instanceof RelayError && error.code === 'identity_changed') {
        const key = readKey(error.details['identity_key'])
        const fingerprint = fingerprintOf(key)
        throw new MessengerError('identity_changed', 'the code is old', { fingerprint })
      }
      throw error
    }
  }

  /** The person's own act: the new key is pinned, sessions under the old one end. */
  async function acceptKey(person: ContactRecord, identity: PublicKey): Promise<void> {
    const { people, chats, log, inbox, outbox, core } = running()
    const { userId } = person
    await core.serial.run(async () => {
      const before = people.get(userId)
      const changes = new Changes()
      await stageForgotten(changes, userId)
      const unproven = { verified: false, verifiedAt: null, devices: null }
      const pinned = { ...before, ...unproven, identity, changed: null }
      const shows = [
        people.stage(changes, pinned),
        chats.stageNotice(changes, userId, { type: 'identity_accepted' }),
        log.stage(changes, 'identity_accepted', { userId, identity }),
      ]
      await core.store.commit(changes)
      for (const show of shows) show()
    })
    await inbox.openHeld(userId)
    await outbox.renew(userId)
  }

  const parties = (person: ContactRecord) => {
    const { core } = running()
    const mine = localIdentity(core).keyPair.publicKey
    return [
      { userId: core.account.userId, identityKey: mine },
      { userId: person.userId, identityKey: person.changed?.identity ?? person.identity },
    ] as const
  }

  const markVerified = (id: string): Promise<void> => {
    const { people, log, chats, core } = running()
    return core.serial.run(async () => {
      const person = people.get(id)
      if (person.changed) throw new MessengerError('identity_changed')
      const changes = new Changes()
      const record = { ...person, verified: true, verifiedAt: core.now() }
      const shows = [
        people.stage(changes, record),
        chats.stageNotice(changes, id, { type: 'verified' }),
        log.stage(changes, 'verified', { userId: id, identity: person.identity }),
      ]
      await core.store.commit(changes)
      for (const show of shows) show()
    })
  }

  return {
    async addContactByCode(code) {
      const parsed = parseContactCode(code)
      if (!parsed) throw new MessengerError('bad_code')
      if (parsed.username === running().core.account.username) throw new MessengerError('own_code')
      const answer = await lookUp(parsed.username, parsed.fingerprint)
      if (fingerprintOf(answer.identityKey) !== parsed.fingerprint) {
        throw new MessengerError('key_mismatch', 'the relay answered with another key')
      }
      return add(answer, false)
    },
    async addContactByQr(content) {
      const parsed = parseContactQr(content)
      if (!parsed) throw new MessengerError('bad_code')
      if (parsed.username === running().core.account.username) throw new MessengerError('own_code')
      const answer = await lookUp(parsed.username, fingerprintOf(parsed.identityKey))
      if (!equal(answer.identityKey, parsed.identityKey)) {
        const fingerprint = fingerprintOf(answer.identityKey)
        throw new MessengerError('key_mismatch', 'the relay has another key', { fingerprint })
      }
      return add(answer, true)
    },
    async acceptRequest(id) {
      const { people, core } = running()
      const person = people.get(id)
      // The name is what the stranger says of themselves: the relay must know it with this key.
      const answer = await core.api.contact(person.username, fingerprintOf(person.identity))
      if (answer.userId !== id || !equal(answer.identityKey, person.identity)) {
        throw new MessengerError('key_mismatch', 'the request is not from this name')
      }
      await add(answer, false)
      await running().oweReceipts(id)
    },
    async declineRequest(id) {
      const { people, chats, requests, search, core } = running()
      await core.serial.run(async () => {
        const changes = new Changes()
        const shows = [
          chats.stageRemoval(changes, id),
          people.stage(changes, { ...people.get(id), relation: 'hidden', held: [] }),
        ]
        await core.store.commit(changes)
        for (const show of shows) show()
        search.removeConversation(id)
      })
      requests.show()
    },
    async block(id) {
      await running().people.update(id, { blocked: true })
      running().requests.show()
      running()
        .presence.watch()
        .catch(() => undefined)
    },
    async unblock(id) {
      await running().people.update(id, { blocked: false })
      running().requests.show()
      running().outbox.resume(id)
      running()
        .presence.watch()
        .catch(() => undefined)
    },
    async removeContact(id) {
      const { people, chats, outbox, receipts, search, core } = running()
      await core.serial.run(async () => {
        people.get(id)
        const changes = new Changes()
        await stageForgotten(changes, id)
        const shows = [
          chats.stageRemoval(changes, id),
          people.stageRemoval(changes, id),
          receipts.stageRemoval(changes, id),
          outbox.stageRemovalTo(changes, id),
        ]
        await core.store.commit(changes)
        for (const show of shows) show()
        search.removeConversation(id)
      })
      running()
        .presence.watch()
        .catch(() => undefined)
    },
    async acceptNewKey(id) {
      const person = running().people.get(id)
      if (person.changed) await acceptKey(person, person.changed.identity)
    },
    async keepOldKey(id) {
      const { people, outbox, log, core } = running()
      await core.serial.run(async () => {
        const identity = people.get(id).changed?.identity
        if (!identity) return
        const changes = new Changes()
        const shows = [
          people.stage(changes, { ...people.get(id), changed: null, held: [] }),
          log.stage(changes, 'identity_refused', { userId: id, identity }),
        ]
        await core.store.commit(changes)
        for (const show of shows) show()
      })
      outbox.resume(id)
    },
    markVerified,
    async clearVerified(id) {
      await running().people.update(id, { verified: false, verifiedAt: null })
    },
    async safetyNumber(id) {
      const digits = safetyNumber(...parties(running().people.get(id)))
      return { groups: digits.match(/.{5}/g) ?? [], qr: safetyQr(digits) }
    },
    async compareSafetyQr(id, content) {
      const scanned = parseSafetyQr(content)
      if (!scanned) throw new MessengerError('bad_code')
      const person = running().people.get(id)
      if (scanned !== safetyNumber(...parties(person))) throw new MessengerError('key_mismatch')
      // Compared outside of the relay's reach: this is the key, old or new.
      if (person.changed) await acceptKey(person, person.changed.identity)
      await markVerified(id)
    },
  }
}
