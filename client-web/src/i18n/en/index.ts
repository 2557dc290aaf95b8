/** English: the catalogue every other language has to match key by key. */
import attachments from './attachments'
import chats from './chats'
import choice from './choice'
import encryption from './encryption'
import find from './find'
import recovery from './recovery'
import settings from './settings'
import timer from './timer'

export default {
  ...chats,
  attachments,
  choice,
  encryption,
  find,
  recovery,
  settings,
  timer,
} as const
