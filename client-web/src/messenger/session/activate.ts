import { RelayError } from '@/wire/errors'
import { updateAccount } from '@/messenger/core/core'
import type { Core } from '@/messenger/core/core'
import { RelayClock } from '@/messenger/core/relay-clock'
import { People } from '@/messenger/people/people'
import { Prekeys } from '@/messenger/keys/prekeys'
import { SecurityLog } from '@/messenger/keys/security-log'

/**
 * Publishes this device's keys, with a new identity where it has none: afterwards it is active.
 * False when the account's identity is elsewhere, unless it may be replaced.
 */
export async function activate(core: Core, replace = false): Promise<boolean> {
  const created = core.account.identity === null
  const log = new SecurityLog(core, new People(core))
  if (created) await updateAccount(core, { identity: await core.engine.createIdentity() })
  try {
    await new Prekeys(core, log, new RelayClock(core)).publish(replace)
  } catch (error) {
    if (!(error instanceof RelayError) || error.code !== 'identity_conflict') throw error
    // Only a key made just now is dropped; one that was used or restored stays.
    if (created) await updateAccount(core, { identity: null })
    return false
  }
  await log.load()
  if (created) {
    const identity = core.account.identity?.publicKey
    await log.add('identity_created', identity ? { identity } : {})
  }
  return true
}
