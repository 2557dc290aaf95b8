/** English: the catalogue every other language has to match key by key. */
import first from './first'
import late from './late'
import settings from './settings'

export default { ...first, ...late, settings } as const
