import { fileURLToPath } from 'node:url'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Module replacements shared by the build and the tests. */
export const alias = [
  { find: /^@\//, replacement: `${here('./src')}/` },
  // libsignal's emscripten curve is thirty times slower and accepts the zero point.
  {
    find: /^@privacyresearch\/curve25519-typescript$/,
    replacement: here('./src/crypto/v3/libsignal-curve.ts'),
  },
  // libsignal reaches for this 100 kB fallback only where WebCrypto is missing.
  { find: /^.*\/lib\/msrcrypto$/, replacement: here('./src/crypto/v3/no-msrcrypto.ts') },
  // The relay speaks WebSocket only. Socket.IO's list of transports imports the others by these names.
  {
    find: /^\.\/(polling-xhr\.node|webtransport)\.js$/,
    replacement: here('./src/wire/no-transport.ts'),
  },
]

/** The build for phones: their side of `src/platform/platform.ts` instead of the browser's. */
export const nativeAlias = [
  { find: /^@\/platform\/device\//, replacement: `${here('../capacitor/src')}/` },
  { find: /^\.\/web(\.js)?$/, replacement: here('../capacitor/src/no-web.ts') },
]
