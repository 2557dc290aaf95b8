import type { View } from '@/messenger/core/view'
import type { RelayAddress } from '@/platform/platform'
import { PublicApi } from '@/wire/api'
import { relayAt } from '@/wire/wire'
import type { Wire } from '@/wire/wire'
import { MessengerError } from '@/messenger/contract'

/** The way to the relay: the page's own, or one that the person chose. */
export class RelayWay {
  wire: Wire
  api: PublicApi

  /** `given`: another way than by the address, which then counts for nothing. */
  constructor(
    private readonly address: RelayAddress,
    private readonly view: View,
    private readonly given?: Wire,
  ) {
    this.wire = given ?? relayAt(address.url() ?? '')
    this.api = new PublicApi(this.wire)
    this.show()
  }

  /** Only while nobody is logged in: an account's mailbox is at one relay. */
  async choose(url: string): Promise<void> {
    if (!this.address.choose) throw new MessengerError('invalid', 'the page comes from its relay')
    await this.address.choose(url)
    this.wire = this.given ?? relayAt(url)
    this.api = new PublicApi(this.wire)
    this.show()
  }

  private show(): void {
    const relay = { url: this.address.url(), choosable: this.address.choose !== undefined }
    this.view.app({ relay })
  }
}
