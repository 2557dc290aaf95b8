/**
 * English texts of what is fetched with the first file; they are not in the first load. Other languages are loaded
 * whole.
 */
import { i18n } from '.'
import attachments from './en/attachments'

i18n.global.mergeLocaleMessage('en', { attachments })
