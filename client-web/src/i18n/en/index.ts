/** English: the catalogue every other language has to match key by key. `attachments` comes with what it is for: `../files.ts`. */
import chat from './chat'
import common from './common'
import contact from './contact'
import encryption from './encryption'
import errors from './errors'
import files from './files'
import list from './list'
import recovery from './recovery'
import requests from './requests'
import settings from './settings'
import status from './status'
import system from './system'
import trust from './trust'
import welcome from './welcome'

export default {
  chat,
  common,
  contact,
  encryption,
  errors,
  files,
  list,
  recovery,
  requests,
  settings,
  status,
  system,
  trust,
  welcome,
} as const
