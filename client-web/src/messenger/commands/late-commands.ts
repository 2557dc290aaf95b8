import { fetched } from '@/platform/late-parts'

type Commands<C> = { [Name in keyof C]: (...given: never[]) => Promise<unknown> }

/** Commands whose code is fetched with the first of them. */
export function lateCommands<C extends Commands<C>>(
  names: Readonly<Record<keyof C, true>>,
  load: () => Promise<C>,
): C {
  let loaded: Promise<C> | null = null
  const commands = (): Promise<C> => {
    loaded ??= fetched(load())
    loaded.catch(() => (loaded = null))
    return loaded
  }
  const late = (name: keyof C) => [
    name,
    async (...given: never[]): Promise<unknown> => (await commands())[name](...given),
  ]
  return Object.fromEntries((Object.keys(names) as (keyof C)[]).map(late)) as C
}
