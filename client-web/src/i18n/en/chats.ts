/** The English texts until a chat is drawn. */
import chat from './chat'
import files from './files'
import { contact, encryption } from './first-contact'
import list from './list'
import start from './start'
import status from './status'

export default { ...start, chat, contact, encryption, files, list, status } as const
