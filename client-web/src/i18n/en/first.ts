/** What is read before somebody is logged in. */
import common from './common'
import errors from './errors'
import recovery from './recovery'
import system from './system'
import welcome from './welcome'

export default { common, errors, recovery, system, welcome } as const
