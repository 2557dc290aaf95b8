/** The code of linking devices: one chunk of the build, fetched when it begins, or history is on its way. */
export { linkAsNew } from './new-device'
export { OldDevice } from './old-device'
export { transferHistory } from './history-transfer'
