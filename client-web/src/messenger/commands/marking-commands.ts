/** Commands about messages that were chosen. */
import type { MarkingCommands } from '@/messenger/contract'
import type { Services } from '@/messenger/session/services'
import { forward } from './forwarding'

export const markingCommands = (services: () => Services): MarkingCommands => ({
  forward: (ids, to) => forward(services(), ids, to),
})
