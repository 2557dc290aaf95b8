/** A gradient derived from an identity key. The same key always gives the same gradient; other keys give others. */

export interface AvatarLook {
  readonly initials: string
  readonly background: string
}

/** FNV-1a over the key's text: fast, stable, and every character changes the result. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const char of text) {
    value ^= char.codePointAt(0) ?? 0
    value = Math.imul(value, 0x01000193)
  }
  return value >>> 0
}

/**
 * `identity`: the key as text; while it is unknown, the name is used. White letters have a contrast of 4.5:1 on
 * every result.
 */
export function avatarLook(name: string, identity: string | null): AvatarLook {
  const seed = hash(identity ?? name)
  const hue = seed % 360
  const turn = 24 + ((seed >>> 9) % 40)
  const angle = (seed >>> 16) % 360
  const from = `oklch(0.56 0.075 ${hue})`
  const to = `oklch(0.47 0.075 ${(hue + turn) % 360})`
  return { initials: initials(name), background: `linear-gradient(${angle}deg, ${from}, ${to})` }
}

function initials(name: string): string {
  const parts = name.split(/[\s_]+/u).filter(Boolean)
  const first = [...(parts[0] ?? '?')][0] ?? '?'
  const second = parts.length > 1 ? ([...(parts.at(-1) ?? '')][0] ?? '') : ''
  return (first + second).toLocaleUpperCase()
}
