/**
 * Signs that are never stored (typing). Each unreadable one spends the sender's budget; once it is spent,
 * no more of that sender are decrypted for a while. The budget is separate from that of messages: a
 * flood of signs, also under a forged name, keeps no message from being read.
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

  /** The content of an ephemeral; null if it cannot be read or is of another type. */
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
