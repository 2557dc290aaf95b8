import type { FileCommands } from '@/messenger/contract'
import { fetched } from '@/platform/late-parts'
import type { Platform } from '@/platform/platform'
import type { Services } from '@/messenger/session/services'
import { lateCommands } from './late-commands'

/** The commands of files, fetched with the first of them. */
export const lateFileCommands = (services: () => Services, platform: Platform): FileCommands =>
  lateCommands<FileCommands>(
    ['largestFile', 'sendFiles', 'openFile', 'keepFile', 'cancelDownload', 'fileUse', 'freeFiles'],
    async () => (await fetched(import('./file-commands'))).fileCommands(services, platform),
  )
