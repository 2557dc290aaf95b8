/**
 * Which folder may import which, for the linter: README.md's two tables. A folder uses itself and
 * the folders before it, always as `@/folder/…` from another folder.
 */

import type { OxlintOverride } from 'oxlint'

/** Folders of `src/` below the interface, lowest first. */
const layers = ['text', 'crypto', 'platform', 'storage', 'wire']

/** Files of `src/crypto/` itself: all its rooms use them. */
const ofAllCrypto = ['bytes', 'errors', 'padding', 'passphrase-cost']
/** Folders of `src/crypto/`, lowest first; each also uses `text`. */
const cryptoRooms = ['curve', 'protocol', 'v3', 'v4', 'versions', 'contact', 'backup', 'engine']
/** The versions of the protocol know nothing of each other. */
const apart: Record<string, string> = { v4: 'v3' }

/** Folders of `src/messenger/`, lowest first; each also uses `layers`. */
const rooms = [
  'contract',
  'contents',
  'core',
  'people',
  'chats',
  'keys',
  'sending',
  'receiving',
  'session',
  'backup',
  'commands',
]

/** Folders of the interface, lowest first. Of the messenger they know the contract alone. */
const interfaceLayers = [
  'i18n',
  'stores',
  'composables',
  'components',
  'layouts',
  'views',
  'router',
]
/** Folders under the messenger that the interface may use. */
const belowInterface = ['text', 'platform', 'messenger/contract']
/** The Pinia stores implement this one, too. */
const storesAlso = ['messenger/core/view']

const before = (list: readonly string[], name: string): string[] =>
  list.slice(0, list.indexOf(name) + 1)

/** Forbids everything in `src/` but `allowed`, and paths with `../`. */
function only(folder: string, allowed: readonly string[]): OxlintOverride {
  const group = ['@/**', '../**', ...allowed.flatMap((one) => [`!@/${one}`, `!@/${one}/**`])]
  const message = `src/${folder}/ may import only ${allowed.join(', ')} (as @/…): see client-web/README.md.`
  return {
    files: [`src/${folder}/**`],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] },
  }
}

export const layerOverrides = [
  ...layers.map((name) => only(name, before(layers, name))),
  ...cryptoRooms.map((name) =>
    only(`crypto/${name}`, [
      'text',
      ...ofAllCrypto.map((file) => `crypto/${file}`),
      ...before(cryptoRooms, name)
        .filter((room) => room !== apart[name])
        .map((room) => `crypto/${room}`),
    ]),
  ),
  ...rooms.map((name) =>
    only(`messenger/${name}`, [
      ...layers,
      ...before(rooms, name).map((room) => `messenger/${room}`),
    ]),
  ),
  ...interfaceLayers.map((name) =>
    only(name, [
      ...belowInterface,
      ...(name === 'stores' ? storesAlso : []),
      ...before(interfaceLayers, name),
    ]),
  ),
]
