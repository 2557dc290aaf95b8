/** Own messages are erased for everyone; a trace of each stays. */
import { readAbout } from '@/messenger/contents/about'
import type { About } from '@/messenger/contents/about'
import { readIds } from '@/messenger/contents/checks'
import type { ContentType, MessageRule } from '@/messenger/contents/content-type'

/** In one content. */
export const MOST_TARGETS = 100

export interface DeleteBody {
  type: 'delete'
  /** The writer's own messages. */
  targets: string[]
  silent: true
  /** In copies that one's own other devices get. */
  for?: About
}

export const deletion: ContentType<DeleteBody> = {
  types: ['delete'],
  read: (fields) => ({
    type: 'delete',
    targets: readIds(fields['targets']).slice(0, MOST_TARGETS),
    silent: true,
    ...readAbout(fields['for']),
  }),
  message: null,
  sync: 'copied',
  clock: 'writer',
  fromPerson: (effects, { content }) => effects.deleteForAll(content.targets),
  fromOwnDevice: (effects, { content }) =>
    content.for && effects.deleteForAll(content.for, content.targets),
}

/** What is left of a message that was deleted for everyone. */
export const trace: MessageRule<never> = {
  kind: 'deleted',
  preview: () => '',
  notifies: false,
  backedUp: true,
}
