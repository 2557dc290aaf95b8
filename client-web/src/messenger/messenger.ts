import { accountCommands } from '@/messenger/commands/account-commands'
import { App } from '@/messenger/session/app'
import type { AppOptions } from '@/messenger/session/app-options'
import { appCommands } from '@/messenger/commands/app-commands'
import { AutoLock } from '@/messenger/session/auto-lock'
import { chatCommands } from '@/messenger/commands/chat-commands'
import { lateCommands } from '@/messenger/commands/late-commands'
import type {
  FileCommands,
  MarkingCommands,
  Messenger,
  PeopleCommands,
  TrustCommands,
} from '@/messenger/contract'
import type { Updates } from '@/platform/platform'
import { isBug, toMessengerError } from '@/messenger/session/messenger-errors'
import { linkingCommands, resumeHistory } from '@/messenger/commands/linking-commands'
import { lockCommands } from '@/messenger/commands/lock-commands'
import { safekeepingCommands } from '@/messenger/commands/safekeeping-commands'

export interface StartedMessenger {
  messenger: Messenger
  /** Reads what is on this device and goes on from there. */
  boot(): Promise<void>
  /** For tests and the page's end: closes everything in order. */
  shutDown(): void
}

/** Puts the messenger together: one `App`, its commands, one kind of error. */
export function createMessenger(options: AppOptions & { updates?: Updates }): StartedMessenger {
  const app = new App(options)
  const services = () => app.theServices()
  const safekeeping = safekeepingCommands(app)
  const updates = options.updates ?? { apply: () => Promise.resolve() }
  const { cancelBackup, ...keeping } = safekeeping
  const commands: Messenger = {
    ...accountCommands(app),
    ...chatCommands(services, app.platform),
    ...lateCommands<FileCommands>(
      {
        largestFile: true,
        sendFiles: true,
        openFile: true,
        keepFile: true,
        cancelDownload: true,
        fileUse: true,
        freeFiles: true,
      },
      async () => {
        const { fileCommands } = await import('@/messenger/commands/file-commands')
        return fileCommands(services, app.platform)
      },
    ),
    ...lateCommands<MarkingCommands>(
      {
        forward: true,
        setStarred: true,
        setMessagePinned: true,
        starredMessages: true,
        pinnedMessages: true,
      },
      async () => {
        const { markingCommands } = await import('@/messenger/commands/marking-commands')
        return markingCommands(services)
      },
    ),
    ...lateCommands<PeopleCommands>(
      {
        addContactByCode: true,
        addContactByQr: true,
        acceptRequest: true,
        declineRequest: true,
        setNickname: true,
        openNotes: true,
        block: true,
        unblock: true,
        setPresence: true,
        removeContact: true,
      },
      async () => {
        const { peopleCommands } = await import('@/messenger/commands/people-commands')
        return peopleCommands(services)
      },
    ),
    ...lateCommands<TrustCommands>(
      {
        acceptNewKey: true,
        keepOldKey: true,
        markVerified: true,
        clearVerified: true,
        safetyNumber: true,
        compareSafetyQr: true,
      },
      async () => {
        const { trustCommands } = await import('@/messenger/commands/trust-commands')
        return trustCommands(services)
      },
    ),
    ...keeping,
    ...linkingCommands(app),
    ...lockCommands(app),
    ...appCommands(app, updates, cancelBackup),
  }
  app.entered = (opened) => {
    opened.historyDue = () => void resumeHistory(app, opened).catch(() => undefined)
    opened.historyDue()
  }
  app.leaving = commands.leaveLink
  const messenger = typed(commands, app.now)
  const autoLock = new AutoLock(app, () => messenger.lock())
  return {
    messenger,
    async boot() {
      await app.boot()
      autoLock.start()
    },
    shutDown() {
      autoLock.stop()
      app.down()
      app.localData?.close()
      app.leader.release()
    },
  }
}

/** These return values at once. All other commands return a promise, which rejects when they are refused. */
const immediate: ReadonlySet<string> = new Set<keyof Messenger>([
  'setTyping',
  'setInSight',
  'reconnect',
  'cancel',
  'leaveLink',
])

/** Views get a `MessengerError` for each error of a command. A bug is also reported: views only say that there was one. */
function typed(commands: Messenger, now: () => number): Messenger {
  const wrapped = Object.entries(commands).map(([name, command]) => [
    name,
    immediate.has(name)
      ? command
      : async (...args: unknown[]): Promise<unknown> => {
          try {
            return await (command as (...args: unknown[]) => unknown)(...args)
          } catch (error) {
            if (isBug(error)) reportError(error)
            throw toMessengerError(error, now())
          }
        },
  ])
  return Object.fromEntries(wrapped) as Messenger
}
