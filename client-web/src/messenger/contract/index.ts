/**
 * What the views may know and ask: readonly state (held by the Pinia stores), commands, typed
 * errors. Nothing else crosses between the messenger and the interface.
 */
export * from './commands'
export * from './errors'
export * from './file-commands'
export * from './files'
export * from './ids'
export * from './marking-commands'
export * from './messages'
export * from './people'
export * from './state'
