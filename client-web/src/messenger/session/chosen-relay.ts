import type { View } from '@/messenger/core/view'
import type { RelayAddress } from '@/platform/platform'
import { PublicApi } from '@/wire/api'
import { answersAsRelay, relayUrl } from '@/wire/relay-address'
import { callsTo } from '@/wire/wire'
import type { Calls } from '@/wire/wire'
import { MessengerError } from '@/messenger/contract'

/** The way to the relay: the page's own, or one that the person chose. */
export class ChosenRelay {
  calls: Calls
  api: PublicApi

  /** `given`: another way than by the address, which then counts for nothing. */
  constructor(
    private readonly address: RelayAddress,
    private readonly view: View,
    private readonly given?: Calls,
  ) {
    this.calls = given ?? callsTo(this.base)
    this.api = new PublicApi(this.calls)
    this.show()
  }

  /** Where it is; empty while none was chosen. */
  get base(): string {
    return this.address.url() ?? ''
  }

  /** As codes name it. */
  get origin(): string {
    return this.address.url() ?? ''
  }

  /** Takes another relay, once it has answered. @throws MessengerError `invalid`, `bad_address`, `not_a_relay` */
  async choose(typed: string): Promise<void> {
    if (!this.address.choose) throw new MessengerError('invalid', 'the page comes from its relay')
    const url = relayUrl(typed)
    if (url === null) throw new MessengerError('bad_address')
    if (!(await answersAsRelay(url))) throw new MessengerError('not_a_relay')
    await this.address.choose(url)
    this.calls = this.given ?? callsTo(url)
    this.api = new PublicApi(this.calls)
    this.show()
  }

  private show(): void {
    const relay = { url: this.address.url(), choosable: this.address.choose !== undefined }
    this.view.app({ relay })
  }
}
