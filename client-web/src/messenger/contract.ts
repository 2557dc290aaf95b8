/**
 * What the views may know and ask: readonly state (held by the Pinia stores), commands, typed
 * errors. Nothing else crosses between the messenger and the interface.
 */
export * from './contract/commands'
export * from './contract/errors'
export * from './contract/messages'
export * from './contract/people'
export * from './contract/state'
