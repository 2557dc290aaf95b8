import type { Updates } from '@/platform/platform'

/** A new version of the code comes with the app, from its store; the page never fetches one. */
export const watchUpdates = (_ready: () => void): Updates => ({
  apply: () => Promise.resolve(location.reload()),
})
