/** Texts by key, in groups of any depth. */
export interface Texts {
  readonly [key: string]: string | Texts
}

/** `changes` over `texts`, key by key; neither is changed itself. */
export function merged<T extends Texts>(texts: T, changes: Texts): T {
  const all: Record<string, string | Texts> = { ...texts }
  for (const [key, change] of Object.entries(changes)) {
    const before = all[key]
    all[key] =
      typeof change === 'string' || typeof before !== 'object' ? change : merged(before, change)
  }
  return all as T
}
