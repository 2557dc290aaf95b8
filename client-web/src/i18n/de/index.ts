/** German. */
import type { Catalogue } from '@/i18n/catalogue'
import attachments from './attachments'
import chat from './chat'
import choice from './choice'
import common from './common'
import contact from './contact'
import encryption from './encryption'
import errors from './errors'
import files from './files'
import find from './find'
import linking from './linking'
import list from './list'
import recovery from './recovery'
import requests from './requests'
import settings from './settings'
import status from './status'
import timer from './timer'
import system from './system'
import trust from './trust'
import welcome from './welcome'

const de: Catalogue = {
  attachments,
  chat,
  choice,
  common,
  contact,
  encryption,
  errors,
  files,
  find,
  linking,
  list,
  recovery,
  requests,
  settings,
  status,
  system,
  timer,
  trust,
  welcome,
}

export default de
