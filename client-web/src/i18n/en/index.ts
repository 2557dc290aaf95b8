/** English: the catalogue every other language has to match key by key. */
import attachments from './attachments'
import chats from './chats'
import choice from './choice'
import recovery from './recovery'
import settings from './settings'

export default { ...chats, attachments, choice, recovery, settings } as const
