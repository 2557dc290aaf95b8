/** What is read behind the first screen, but in the settings; it comes with the views that use it. */
import chat from './chat'
import contact from './contact'
import encryption from './encryption'
import list from './list'
import requests from './requests'
import status from './status'
import trust from './trust'

export default { chat, contact, encryption, list, requests, status, trust } as const
