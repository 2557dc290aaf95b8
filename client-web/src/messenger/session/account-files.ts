/**
 * An account's files: what is on this device, and whatever moves them, which is fetched once something has to move.
 * Nothing of it starts on a device that has no files.
 */
import { fetched, PartMissing } from '@/platform/late-parts'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import { Erasures } from '@/messenger/files/erasures'
import { KeptFiles } from '@/messenger/files/kept-files'
import { FileRemovals } from '@/messenger/sending/file-removals'
import type { Outbox } from '@/messenger/sending/outbox'
import type { FilePlace, Transfers } from '@/messenger/sending/transfers'

export class AccountFiles {
  readonly kept: KeptFiles
  readonly erasures: Erasures
  readonly removals: FileRemovals
  private loading: Promise<Transfers> | null = null
  private stopped = false

  constructor(
    private readonly core: Core,
    private readonly chats: Chats,
    private readonly outbox: Outbox,
    private readonly place: FilePlace,
  ) {
    const thread = async () => (await this.transfers()).thread
    this.kept = new KeptFiles(core, thread)
    this.erasures = new Erasures(core, thread)
    this.removals = new FileRemovals(this.kept, outbox, this.erasures)
    outbox.uploadsWanted = () => {
      this.upload().catch(() => undefined)
    }
  }

  async load(): Promise<void> {
    await Promise.all([this.kept.load(), this.erasures.load()])
  }

  /** @throws PartMissing */
  transfers(): Promise<Transfers> {
    const loading = (this.loading ??= this.begin())
    loading.catch(() => {
      if (this.loading === loading) this.loading = null
    })
    return loading
  }

  /** Goes on with what a connection before left undone. */
  async connected(): Promise<void> {
    try {
      await this.upload()
      await this.erasures.run()
      // A device that never kept a file starts no thread for it.
      if (!this.kept.isEmpty) await this.kept.sweep()
    } catch (error) {
      // The loader has raised the event for it; the next connection tries again.
      if (!(error instanceof PartMissing)) throw error
    }
  }

  stop(): void {
    this.stopped = true
    this.erasures.stop()
    this.loading?.then(
      (transfers) => transfers.stop(),
      () => undefined,
    )
  }

  private async upload(): Promise<void> {
    if (!this.outbox.entries.all.some(({ uploads }) => uploads)) return
    ;(await this.transfers()).uploads.kick()
  }

  private async begin(): Promise<Transfers> {
    const { Transfers: Parts } = await fetched(import('@/messenger/sending/transfers'))
    const { core, kept, chats, outbox, erasures, place } = this
    const transfers = new Parts(core, kept, chats, outbox, erasures, place)
    if (this.stopped) transfers.stop()
    return transfers
  }
}
