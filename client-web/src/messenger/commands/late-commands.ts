type Command = (...given: never[]) => Promise<unknown>

/** Commands whose code is fetched with the first of them. A fetch that failed is made again by the next. */
export function lateCommands<C extends { [name in keyof C]: Command }>(
  names: readonly (keyof C)[],
  load: () => Promise<C>,
): C {
  let loaded: Promise<C> | null = null
  const commands = (): Promise<C> => {
    loaded ??= load()
    loaded.catch(() => (loaded = null))
    return loaded
  }
  const late = (name: keyof C): Command => {
    return async (...given) => (await commands())[name](...given)
  }
  return Object.fromEntries(names.map((name) => [name, late(name)])) as unknown as C
}
