/** The messages of the open conversation that the view holds: its newest page, then older ones on request. */
import type { ConversationId } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import { shownPage } from '@/messenger/core/kept-messages'
import type { MessageRecord } from '@/messenger/core/message-record'
import { Serial } from '@/messenger/core/serial'
import { shownMessage } from '@/messenger/core/shown-message'

export const PAGE = 50
/** Messages read at a time on the way to an old one. */
const STRIDE = 500

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

  /** The same for one that may be older than what was loaded. */
  showLoaded(message: MessageRecord): void {
    if (message.order >= this.oldest) this.show(message)
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
    return this.paging.run(() => this.load(id, PAGE * 2))
  }

  /** Shows everything from this place on, in one step; false when the conversation was left meanwhile. */
  loadBackTo(id: ConversationId, order: number): Promise<boolean> {
    return this.paging.run(async () => {
      if (this.id !== id) return false
      return this.oldest <= order || this.load(id, STRIDE, order)
    })
  }

  /**
   * Shows a page of `size` messages before the loaded ones, or as many pages as lead back to `until`. False when there
   * was nothing, or the conversation was left or opened anew meanwhile.
   */
  private async load(id: ConversationId, size: number, until = Infinity): Promise<boolean> {
    const from = this.oldest
    if (this.id !== id || from === -Infinity) return false
    const pages: MessageRecord[][] = []
    let before = from
    let more: boolean
    do {
      const page = await shownPage(this.core.store, id, before, size)
      if (this.id !== id || this.oldest !== from) return false
      pages.unshift(page)
      before = page[0]?.order ?? -Infinity
      more = page.length === size
    } while (more && before > until)
    this.oldest = before
    const messages = pages.flat().map(shownMessage)
    this.core.view.older(id, messages, more)
    return messages.length > 0
  }

  /** Older messages came than were here. */
  async mayHaveOlder(): Promise<void> {
    if (this.id === null) return
    if (this.oldest === -Infinity) await this.open(this.id)
    else this.core.view.older(this.id, [], true)
  }

  close(): void {
    this.id = null
    this.core.view.opened(null, [], false)
  }
}
