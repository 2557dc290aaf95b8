/** English: the catalogue every other language has to match key by key. */
import attachments from './attachments'
import chats from './chats'
import contact from './contact'
import encryption from './encryption'
import recovery from './recovery'
import requests from './requests'
import settings from './settings'
import trust from './trust'

export default {
  ...chats,
  attachments,
  contact,
  encryption,
  recovery,
  requests,
  settings,
  trust,
} as const
