/**
 * Signs that are never stored (typing). What cannot be read costs the sender's budget, and when
 * that is spent nothing more of theirs is even tried for a while. The budget is this module's own:
 * whoever spends it, or spends it in another's name, keeps no message in the mailbox from being read.
 */
import { TurnChanges } from '@/messenger/core/serial'
import { StorageError } from '@/storage/errors'
import { Budget } from '@/messenger/core/budget'
import { typeOf } from '@/messenger/contents/registry'
import type { Incoming } from './incoming-messages'
import type { Core } from '@/messenger/core/core'
import type { EnvelopeDecryptor, Sealed } from './envelope-decryptor'

const FAILURES = 20
const WINDOW = 600_000

export class Ephemerals {
  private readonly budget = new Budget(FAILURES, WINDOW)

  constructor(
    private readonly core: Core,
    private readonly decryptor: EnvelopeDecryptor,
  ) {}

  /** What an ephemeral says; null when that cannot be read, or is no ephemeral. */
  read(from: Sealed['from'], body: Sealed['body']): Promise<Incoming | null> {
    const sealed: Sealed = { from, kind: 'message', body }
    const sender = from.user_id
    return this.core.serial.run(async (turn) => {
      if (this.budget.exhausted(sender, this.core.elapsed())) return null
      try {
        const opened = await this.decryptor.open(turn, sealed, { inOrder: false })
        if (typeOf(opened.content).ephemeral) {
          const changes = new TurnChanges(turn)
          this.decryptor.stage(changes, sealed, opened)
          await this.core.store.commit(changes, 'relaxed')
          return opened.content
        }
        // It belongs in the mailbox: its key stays, so that it can still be read there.
      } catch (error) {
        if (error instanceof StorageError) return null
      }
      this.budget.spend(sender, this.core.elapsed())
      return null
    })
  }
}
