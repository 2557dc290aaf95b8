/** The messages of the open conversation that the view holds: its newest page, then older ones on request. */
import type { ConversationId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import { shownPage } from '@/messenger/core/kept-messages'
import type { MessageRecord } from '@/messenger/core/message-record'
import { Serial } from '@/messenger/core/serial'
import { shownMessage } from '@/messenger/core/shown-message'

export const PAGE = 50

export class OpenChat {
  id: ConversationId | null = null
  private oldest = Infinity
  /** Older pages are read one after the other, each before the last. */
  private readonly paging = new Serial()

  constructor(private readonly core: Core) {}

  /** Shows a new or changed message, if it is of this conversation. */
  show(message: MessageRecord): void {
    if (this.id === message.conversation) this.core.view.message(shownMessage(message))
  }

  async open(id: ConversationId): Promise<void> {
    this.id = id
    this.core.view.loading(true)
    try {
      // In its turn: a message stored during the read would be in neither the page nor the view.
      await this.core.serial.run(async () => {
        const page = await shownPage(this.core.store, id, Infinity, PAGE)
        if (this.id !== id) return
        this.oldest = page[0]?.order ?? -Infinity
        this.core.view.opened(id, page.map(shownMessage), page.length === PAGE)
      })
    } finally {
      this.core.view.loading(false)
    }
  }

  /** False when nothing older was there. */
  loadOlder(id: ConversationId): Promise<boolean> {
    return this.paging.run(async () => {
      const before = this.oldest
      if (this.id !== id || before === -Infinity) return false
      const page = await shownPage(this.core.store, id, before, PAGE * 2)
      if (this.id !== id || this.oldest !== before) return false
      this.oldest = page[0]?.order ?? -Infinity
      this.core.view.older(id, page.map(shownMessage), page.length === PAGE * 2)
      return page.length > 0
    })
  }

  /** Older messages came than were here. */
  async mayHaveOlder(): Promise<void> {
    if (this.id === null) return
    if (this.oldest === -Infinity) await this.open(this.id)
    else this.core.view.older(this.id, [], true)
  }

  /** The place of the oldest message that was loaded. */
  get oldestLoaded(): number {
    return this.oldest
  }

  close(): void {
    this.id = null
    this.core.view.opened(null, [], false)
  }
}
