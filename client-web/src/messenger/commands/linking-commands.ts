import { fetched } from '@/platform/late-parts'
import { MessengerError } from '@/messenger/contract'
import type { LinkingCommands } from '@/messenger/contract'
import type { OldDevice } from '@/messenger/linking/old-device'
import type { App } from '@/messenger/session/app'
import type { Services } from '@/messenger/session/services'
import { RelayError } from '@/wire/errors'

const linkingParts = () => fetched(import('@/messenger/linking/linking-parts'))

export function linkingCommands(app: App): LinkingCommands {
  /** The link that this device answered last. */
  let joined: OldDevice | null = null
  let joining: AbortController | null = null

  function leaveLink(): void {
    joining?.abort()
    joined?.leave()
    joining = null
    joined = null
  }

  return {
    async linkThisDevice(show, signal) {
      const { linkAsNew } = await linkingParts()
      await linkAsNew(app, show, signal)
    },
    async joinLink(code) {
      leaveLink()
      const left = new AbortController()
      joining = left
      const { OldDevice: Device } = await linkingParts()
      const device = await Device.join(app, code, left)
      if (joining === left) joined = device
      else device.leave()
      return { device: device.name }
    },
    async confirmLink(digits, password) {
      if (!joined) throw new MessengerError('link_expired', 'no link was begun')
      const link = joined
      try {
        await link.confirm(digits, password)
      } catch (error) {
        if (mayTryAgain(error)) throw error
        if (joined === link) leaveLink()
        throw error
      }
      if (joined === link) leaveLink()
    },
    leaveLink,
  }
}

/** After a wrong password. */
const mayTryAgain = (error: unknown): boolean =>
  error instanceof RelayError && ['bad_credentials', 'rate_limited'].includes(error.code)

/** Goes on with history that was on its way when the app was closed. */
export async function resumeHistory(app: App, services: Services): Promise<void> {
  const records = await services.core.store.keys('records')
  if (!records.some((key) => key.startsWith('history_'))) return
  const { transferHistory } = await linkingParts()
  await transferHistory(app, services)
}
