import { Changes } from '@/storage/changes'
import { passwordProblem, readUsername, usernameProblem } from '@/text/credentials'
import { RelayError } from '@/wire/errors'
import type { SessionTokens } from '@/wire/types'
import type { App } from '@/messenger/session/app'
import { MessengerError } from '@/messenger/contract'
import { accounts } from '@/messenger/core/key-records'
import type { AccountCommands } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import { newAccount, stageNewDevice } from '@/messenger/session/local-data'
import { openStorage } from '@/messenger/session/open-storage'

/** The longest that signing out waits for the relay, ms. */
const PARTING = 5_000

export function accountCommands(app: App): AccountCommands {
  const checked = (username: string, password: string): string => {
    const name = readUsername(username)
    if (usernameProblem(name)) throw new MessengerError('invalid', '', { field: 'username' })
    if (passwordProblem(password)) throw new MessengerError('invalid', '', { field: 'password' })
    return name
  }

  async function enter(username: string, tokens: SessionTokens, newDevice: boolean) {
    const opened = app.theOpened()
    const changes = new Changes().put('records', 'tokens', tokens)
    let account = opened.account
    if (!account) {
      account = newAccount(username, tokens)
      changes.write(accounts, 'account', account)
    } else if (newDevice) {
      account = await stageNewDevice(opened.store, changes, account, tokens)
    } else {
      account = { ...account, sessionId: tokens.session_id }
      changes.write(accounts, 'account', account)
    }
    await opened.store.commit(changes)
    opened.account = account
    opened.tokens = tokens
    await app.proceed()
  }

  return {
    async register(username, password) {
      const name = checked(username, password)
      await openStorage(app)
      const { account, tokens } = app.theOpened()
      app.view.app({ offerLock: !app.lock.enabled })
      // It broke off after the account was made: the same form goes on from there.
      if (account?.username === name && tokens && !account.published) return app.proceed()
      if (account) throw otherAccount()
      await enter(name, await app.relay.api.register(name, password), false)
    },
    async login(username, password) {
      const name = readUsername(username)
      await openStorage(app)
      const { account } = app.theOpened()
      app.view.app({ offerLock: false })
      if (!account) return enter(name, await app.relay.api.login(name, password), false)
      if (account.username !== name) throw otherAccount()
      const tokens = await loginAgain(app, name, password, account.deviceId)
      if (tokens.user_id !== account.userId) {
        // The name was deleted and belongs to somebody else by now: what lies here is not theirs.
        await app.relay.api.revoke(tokens).catch(() => undefined)
        throw otherAccount()
      }
      await enter(name, tokens, tokens.device_id !== account.deviceId)
    },
    async startWithNewIdentity() {
      const { activate } = await app.parts()
      // Contacts go on counting where they were.
      await app.saveAccount({ joined: true })
      if (!(await activate(app.theCore(), true)))
        throw new MessengerError('internal', 'replacing was refused')
      await app.proceed()
    },
    async logout() {
      const { core } = app
      if (core) await leaveRelay(app, core)
      await app.erase()
    },
    eraseDevice: () => app.erase(),
    changePassword: (current, next) => app.theCore().api.changePassword(current, next),
    async deleteAccount(password) {
      await app.theCore().api.deleteAccount(password)
      await app.erase()
      app.view.app({ ended: 'account_deleted' })
    },
    async listSessions() {
      const sessions = await app.theCore().api.sessions()
      return sessions.map((session) => ({
        sessionId: session.session_id,
        deviceId: session.device_id,
        createdAt: session.created_at,
        lastUsedAt: session.last_used_at,
        current: session.current,
      }))
    },
    endSession: (id) => app.theCore().api.endSession(id),
    async listDevices() {
      const { devices } = await app.theCore().api.ownKeys()
      return devices.map((device) => ({
        deviceId: device.device_id,
        registrationId: device.registration_id,
        name: device.current
          ? (app.platform.deviceName ?? null)
          : (app.services?.devices.nameOf(device.device_id) ?? null),
        current: device.current,
      }))
    },
    async removeDevice(id) {
      await app.theCore().api.removeDevice(id)
      await app.services?.devices.confirm(id)
      await app.services?.devices.look().catch(() => undefined)
    },
    confirmDevice: (id) => app.theServices().devices.confirm(id),
  }
}

/**
 * Nobody encrypts to this device from now on. A relay that is away is not waited for: the session
 * then ends by itself, and the person's next device may close this one.
 */
async function leaveRelay(app: App, core: Core): Promise<void> {
  // The relay closes the connection for it, which is no end that anybody needs to be told of.
  app.services?.stop()
  const closed = core.api.removeDevice(core.account.deviceId).catch(() => undefined)
  await Promise.race([closed, new Promise((over) => setTimeout(over, PARTING))])
}

/** As the device it was; as a new one where the relay has closed that. */
async function loginAgain(
  app: App,
  username: string,
  password: string,
  deviceId: number,
): Promise<SessionTokens> {
  try {
    return await app.relay.api.login(username, password, deviceId)
  } catch (error) {
    const closed =
      error instanceof RelayError &&
      (error.code === 'device_inactive' || error.code === 'not_found' || error.code === 'invalid')
    if (!closed) throw error
    return app.relay.api.login(username, password)
  }
}

const otherAccount = (): MessengerError =>
  new MessengerError('invalid', "another account's data is on this device", { field: 'username' })
