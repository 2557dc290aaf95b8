/**
 * In place of the plugins' own fallbacks for browsers, one of which keeps keys in plain localStorage: nothing of
 * them is in the build (../client-web/vite.alias.ts).
 */
throw new Error('this build is for the phone apps only')
