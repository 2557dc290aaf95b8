/** Commands about messages that were chosen. */
import type { MarkingCommands } from '@/messenger/contract'
import type { Services } from '@/messenger/session/services'
import { forward } from './forwarding'
import { pinned, setMark, starred } from './marking'

export const markingCommands = (services: () => Services): MarkingCommands => ({
  forward: (ids, to) => forward(services(), ids, to),
  setStarred: (ids, on) => setMark(services(), 'starred', ids, on),
  setMessagePinned: (id, on) => setMark(services(), 'pinned', [id], on),
  starredMessages: (id) => starred(services(), id),
  pinnedMessages: (id) => pinned(services(), id),
})
