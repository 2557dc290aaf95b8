/** Adds the English texts of the settings, of passphrases and of backups. The views that use them import this. */
import { addEnglish } from '.'
import settings from './en/settings'

addEnglish({ settings })
