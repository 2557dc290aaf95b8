/** English: the catalogue every other language has to match key by key. */
import chats from './chats'
import recovery from './recovery'
import settings from './settings'

export default { ...chats, recovery, settings } as const
