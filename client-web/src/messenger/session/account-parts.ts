/** The code that only a messenger with an account needs: one chunk of the build, fetched when an account is opened. */
export { activate } from './activate'
export { Services } from './services'
export { relayAt } from '@/wire/relay-at'
