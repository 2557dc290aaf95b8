import { contacts as contactRecords } from '@/messenger/core/stored-records'
import { stageBroughtTimers } from '@/messenger/chats/brought-timers'
import { equal } from '@/crypto/bytes'
import type { SealedIdentity } from '@/crypto/engine/engine'
import { settingsRecord } from '@/messenger/core/shown-settings'
import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import { activate } from '@/messenger/session/activate'
import type { App } from '@/messenger/session/app'
import { MessengerError } from '@/messenger/contract'
import { MARKED, markRecords } from '@/messenger/core/mark-record'
import { refKey } from '@/messenger/core/message-record'
import type { MessageRecord } from '@/messenger/core/message-record'
import type { OpenedData } from '@/messenger/core/opened-data'
import { stageEnd } from '@/messenger/keys/key-decisions'
import { stageHeldRemoval } from '@/messenger/keys/held-envelopes'
import { mergedMarks } from '@/messenger/sending/marks'
import { HistoryMerge } from './history-merge'
import type { BackupContent } from './backup-mapping'

/**
 * Brings identity, contacts and history onto this device. On a device without identity the
 * relay's word comes first: unless it accepts the key as the account's, nothing changes.
 */
export async function restore(
  app: App,
  content: BackupContent,
  identity: SealedIdentity,
): Promise<void> {
  const core = app.theCore()
  if (content.account.userId !== core.account.userId) {
    throw new MessengerError('backup_other_account')
  }
  const held = core.account.identity
  if (held && !equal(held.publicKey, identity.publicKey)) {
    throw new MessengerError('backup_other_account', 'the backup has another identity')
  }
  if (!held) await takeIdentity(app, identity)
  const restored = app.services === null
  // Nobody writes from what is in memory while the disk gets ahead of it.
  app.halt()
  try {
    await core.serial.run((turn) => merge(turn, app.theOpened(), content, restored))
  } finally {
    app.view.clear()
    await app.proceed()
  }
  if (restored) {
    await app.theServices().log.add('identity_restored', { identity: identity.publicKey })
    await app.theServices().greetings.begin()
  }
}

async function takeIdentity(app: App, identity: SealedIdentity) {
  // A registration id is a device's own: contacts would take this one for the lost device.
  const fresh = await app.theCore().engine.createIdentity()
  const restored = { ...identity, registrationId: fresh.registrationId }
  await app.saveAccount({ identity: restored, joined: true })
  let accepted = false
  try {
    accepted = await activate(app.theCore())
  } catch (error) {
    await app.saveAccount({ identity: null })
    throw error
  }
  if (accepted) return
  await app.saveAccount({ identity: null })
  throw new MessengerError('backup_other_account', 'the account has another identity by now')
}

/** One transaction. Data on this device is kept as it is. */
async function merge(
  turn: Turn,
  opened: OpenedData,
  content: BackupContent,
  fresh: boolean,
): Promise<void> {
  const { store } = opened
  const here = await store.all(contactRecords)
  const contacts = new Map(here.map((contact) => [contact.userId, contact]))
  const changes = new TurnChanges(turn)
  for (const contact of content.contacts) {
    const known = contacts.get(contact.userId)
    // A request, or one that was deleted, gives way to the contact of the backup and its key.
    if (known && (known.relation === 'contact' || contact.relation !== 'contact')) continue
    if (known && !equal(known.identity, contact.identity)) {
      await stageEnd(changes, store, contact.userId)
      await stageHeldRemoval(changes, store, contact.userId)
    }
    changes.put('contacts', contact.userId, {
      ...contact,
      blocked: contact.blocked || known?.blocked === true,
      // Devices seen with KEM prekeys under this key are kept.
      ...(known?.kemDevices &&
        equal(known.identity, contact.identity) && { kemDevices: known.kemDevices }),
    })
  }
  const history = new HistoryMerge(store, changes)
  await history.load(content.conversations)
  for (const message of content.messages) {
    await history.add(neverSent(message))
  }
  history.stage()
  for (const mark of content.marks) {
    const key = MARKED + refKey(mark)
    const known = await store.getSpare(markRecords, key)
    changes.write(markRecords, key, known ? mergedMarks(known, mark) : mark)
  }
  await stageBroughtTimers(store, changes, content.timers ?? [])
  const { settings } = content
  if (fresh) changes.put('records', 'settings', settingsRecord(settings))
  await store.commit(changes)
  if (fresh) opened.settings = settings
}

/** The outbox of the lost device is gone; the person sees that and may send the text again. */
const neverSent = (message: MessageRecord): MessageRecord => ({
  ...message,
  recipients: message.recipients.map((one) =>
    one.status === 'waiting' ? { ...one, problem: 'refused' } : one,
  ),
})
