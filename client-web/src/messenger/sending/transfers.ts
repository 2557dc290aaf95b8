/** What moves files, put together with the first one: a chunk of the build of its own. */
import { startFiles } from '@/files/remote'
import type { RemoteFiles } from '@/files/remote'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import { Downloads } from '@/messenger/files/downloads'
import type { Erasures } from '@/messenger/files/erasures'
import type { KeptFiles } from '@/messenger/files/kept-files'
import type { Outbox } from './outbox'
import { Uploads } from './uploads'

/** Where the relay is, and whose files these are. */
export interface FilePlace {
  readonly relay: string
  readonly database: string
}

export class Transfers {
  readonly thread: RemoteFiles
  readonly downloads: Downloads
  readonly uploads: Uploads

  constructor(
    core: Core,
    kept: KeptFiles,
    chats: Chats,
    outbox: Outbox,
    erasures: Erasures,
    { relay, database }: FilePlace,
  ) {
    this.thread = startFiles(relay, database)
    this.downloads = new Downloads(core, kept, this.thread)
    this.uploads = new Uploads(core, kept, chats, outbox, erasures, this.thread)
  }

  stop(): void {
    this.uploads.stop()
    this.thread.terminate()
  }
}
