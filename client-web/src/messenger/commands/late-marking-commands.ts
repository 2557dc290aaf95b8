import type { MarkingCommands } from '@/messenger/contract'
import { fetched } from '@/platform/late-parts'
import type { Services } from '@/messenger/session/services'
import { lateCommands } from './late-commands'

/** The commands about chosen messages, fetched with the first of them. */
export const lateMarkingCommands = (services: () => Services): MarkingCommands =>
  lateCommands<MarkingCommands>(
    ['forward', 'setStarred', 'setMessagePinned', 'starredMessages', 'pinnedMessages'],
    async () => (await fetched(import('./marking-commands'))).markingCommands(services),
  )
