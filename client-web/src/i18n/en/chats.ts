/** The English texts until a chat is drawn. */
import chat from './chat'
import contact from './contact'
import files from './files'
import list from './list'
import requests from './requests'
import start from './start'
import status from './status'
import trust from './trust'

export default {
  ...start,
  chat,
  contact,
  files,
  list,
  requests,
  status,
  trust,
} as const
