/** The English texts of the first screen; the others are fetched with what shows them (`completeTexts`). */
import common from './common'
import errors from './errors'
import linking from './linking'
import system from './system'
import welcome from './welcome'

export default { common, errors, linking, system, welcome } as const
