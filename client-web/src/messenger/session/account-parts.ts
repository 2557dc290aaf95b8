/** What only a messenger with an account needs: one part of the build, fetched when an account is opened. */
export { activate } from './activate'
export { Services } from './services'
export { relayAt } from '@/wire/relay-at'
