/**
 * The new device's side of a link: shows a code, shows two digits, takes the account, logs in by the grant. Nothing
 * is stored before the whole account is there and the relay let this device in.
 */
import { utf8 } from '@/crypto/bytes'
import type { OpenedBackup, SealedEngine } from '@/crypto/engine/engine'
import { defaultSettings, MessengerError } from '@/messenger/contract'
import type { LinkStep } from '@/messenger/contract'
import { accounts } from '@/messenger/core/key-records'
import { MARKED, markRecords } from '@/messenger/core/mark-record'
import { refKey } from '@/messenger/core/message-record'
import { historyWanted } from '@/messenger/core/linking-records'
import { WANTED } from '@/messenger/core/record-names'
import { settingsRecord } from '@/messenger/core/shown-settings'
import { stageBroughtTimers } from '@/messenger/chats/brought-timers'
import { conversations } from '@/messenger/core/stored-records'
import type { App } from '@/messenger/session/app'
import { newAccount } from '@/messenger/session/local-data'
import { engineOf, openStorage } from '@/messenger/session/open-storage'
import { Changes } from '@/storage/changes'
import { LinkMailbox } from '@/wire/links'
import type { SessionTokens } from '@/wire/types'
import { readPackage } from './account-package'
import type { AccountPackage } from './account-package'
import { greeting, readGreeting } from './greeting'
import { transferHistory } from './history-transfer'
import { linkCode } from './link-code'
import { asLinkErrors } from './link-errors'

/** A mailbox lives for two minutes: nobody begins with one that is nearly over, ms. */
const SHOWN = 75_000
/** Codes, one after the other, until the person has to ask for another. */
const MOST_CODES = 8

/** Resolves when this device is in. @throws MessengerError */
export async function linkNewDevice(
  app: App,
  show: (step: LinkStep) => void,
  signal: AbortSignal,
): Promise<void> {
  await openStorage(app)
  if (app.theOpened().account) throw new MessengerError('invalid', 'an account is on this device')
  const engine = engineOf(app)
  const { mailbox, first } = await meet(app, engine, show, signal)
  const { id } = mailbox
  try {
    const { check, plain } = await engine.meetLink(id, first)
    const { name } = readGreeting(plain)
    await mailbox.write(await engine.sealToLink(id, hello(app)))
    show({ step: 'check', digits: check, device: name })
    const taken = await takeAccount(engine, mailbox, show)
    await enter(app, taken, (device) => engine.sealToLink(id, greeting({ device })), mailbox)
  } finally {
    await engine.endLink(id).catch(() => undefined)
  }
}

const hello = (app: App) => greeting({ name: app.platform.deviceName ?? null })

/** Shows codes until an old device answers one. @throws MessengerError `link_expired` */
async function meet(
  app: App,
  engine: SealedEngine,
  show: (step: LinkStep) => void,
  signal: AbortSignal,
) {
  for (let codes = 0; codes < MOST_CODES; codes++) {
    const id = await LinkMailbox.create(app.relay.calls)
    signal.throwIfAborted()
    const mailbox = new LinkMailbox(app.relay.calls, id, signal)
    const before = await mailbox.look()
    if (before) throw new MessengerError('link_broken', 'somebody wrote first')
    const { publicKey: key, secret } = await engine.offerLink(id)
    show({ step: 'code', code: linkCode({ relay: app.relay.origin, link: id, key, secret }) })
    const first = await mailbox.nextWithin(SHOWN)
    if (first) return { mailbox, first }
    await engine.endLink(id)
  }
  throw new MessengerError('link_expired')
}

async function takeAccount(
  engine: SealedEngine,
  mailbox: LinkMailbox,
  show: (step: LinkStep) => void,
): Promise<OpenedBackup> {
  for (;;) {
    const body = await mailbox.next()
    const taken = await engine.takeAccountFromLink(mailbox.id, body)
    show({ step: 'entering' })
    if (taken) return taken
    await mailbox.write(await engine.sealToLink(mailbox.id, utf8('{}')))
  }
}

async function enter(
  app: App,
  { content: plain, identity }: OpenedBackup,
  arrived: (device: number) => Promise<Uint8Array<ArrayBuffer>>,
  mailbox: LinkMailbox,
): Promise<void> {
  const account = readPackage(plain)
  const { userId } = account.content.account
  const tokens = await app.relay.api.loginByGrant(account.grant)
  if (tokens.user_id !== userId) {
    await app.relay.api.revoke(tokens).catch(() => undefined)
    throw new MessengerError('link_broken', 'the relay let another account in')
  }
  // A registration id is a device's own: contacts would take this one for the other device.
  const { registrationId } = await engineOf(app).createIdentity()
  await store(app, account, tokens, { ...identity, registrationId })
  // The old device knows at once whom it let in; without that it asks its person.
  await arrived(tokens.device_id)
    .then((body) => mailbox.write(body))
    .catch(() => undefined)
  await app.proceed()
  const { services } = app
  if (!services) {
    await app.erase()
    throw new MessengerError('link_broken', 'the account has another identity')
  }
  // From the first change on, the other devices are told.
  await services.devices.look().catch(() => undefined)
  await services.greetings.begin()
  void transferHistory(app, services)
}

/** One transaction. */
async function store(
  app: App,
  { content, names, synced, history, restOwed }: AccountPackage,
  tokens: SessionTokens,
  identity: OpenedBackup['identity'],
): Promise<void> {
  const opened = app.theOpened()
  const { username } = content.account
  const account = { ...newAccount(username, tokens), identity, joined: true }
  const changes = new Changes().put('records', 'tokens', tokens).write(accounts, 'account', account)
  for (const contact of content.contacts) changes.put('contacts', contact.userId, contact)
  for (const chat of content.conversations) changes.write(conversations, chat.id, chat)
  for (const mark of content.marks) changes.write(markRecords, MARKED + refKey(mark), mark)
  for (const one of synced) changes.put('records', `synced/${one.userId}`, one)
  await stageBroughtTimers(opened.store, changes, content.timers ?? [])
  const devices = { seen: null, gone: [], asked: [], logins: null, names }
  changes.put('records', 'own_devices_seen', devices)
  // These are a device's own.
  const { listWidth, autoLockMinutes, notifications } = defaultSettings
  const settings = { ...content.settings, listWidth, autoLockMinutes, notifications }
  changes.put('records', 'settings', settingsRecord(settings))
  if (history.length > 0 || restOwed) {
    const total = history.reduce((sum, { size }) => sum + size, 0)
    const wanted = { files: [...history], total, at: app.now(), restOwed }
    changes.write(historyWanted, WANTED, wanted)
  }
  await opened.store.commit(changes)
  Object.assign(opened, { account, tokens, settings })
  app.view.settings(settings)
}

/** Errors on the way as the person is told of them. */
export const linkAsNew = (...args: Parameters<typeof linkNewDevice>): Promise<void> =>
  asLinkErrors(args[2], () => linkNewDevice(...args))
