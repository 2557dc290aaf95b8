import type { FileCommands } from '@/messenger/contract'
import { fetched } from '@/platform/late-parts'
import type { Platform } from '@/platform/platform'
import type { Services } from '@/messenger/session/services'

/** The commands of files, fetched with the first of them. */
export function lateFileCommands(services: () => Services, platform: Platform): FileCommands {
  let loaded: Promise<FileCommands> | null = null
  const load = async (): Promise<FileCommands> => {
    const { fileCommands } = await fetched(import('./file-commands'))
    return fileCommands(services, platform)
  }
  const commands = (): Promise<FileCommands> => {
    loaded ??= load()
    loaded.catch(() => (loaded = null))
    return loaded
  }
  return {
    largestFile: async () => (await commands()).largestFile(),
    sendFiles: async (...given) => (await commands()).sendFiles(...given),
    openFile: async (...given) => (await commands()).openFile(...given),
    keepFile: async (...given) => (await commands()).keepFile(...given),
    cancelDownload: async (...given) => (await commands()).cancelDownload(...given),
    fileUse: async () => (await commands()).fileUse(),
    freeFiles: async (...given) => (await commands()).freeFiles(...given),
  }
}
