/** Adds the rest of the English texts, but for the settings. Views behind the first screen import this. */
import { addEnglish } from '.'
import late from './en/late'

addEnglish(late)
