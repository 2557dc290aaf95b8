/** The entries of a menu, fetched behind the page with their icons and texts. A menu that opens earlier fills when they come. */
import { onMounted, shallowReactive } from 'vue'
import { completeTexts } from '@/i18n'
import type { MenuEntry } from './menu'

type Entries<Of extends unknown[]> = (...of: Of) => MenuEntry[]

export function useLateEntries<Of extends unknown[]>(
  load: () => Promise<Entries<Of>>,
): Entries<Of> {
  let made: Entries<Of> | null = null

  /** Where they cannot be fetched, `platform/late-parts.ts` reports the reason; the next menu fetches again. */
  async function make(): Promise<Entries<Of> | null> {
    try {
      return (made ??= (await Promise.all([load(), completeTexts()]))[0])
    } catch {
      return null
    }
  }
  onMounted(make)

  return (...of) => {
    if (made) return made(...of)
    const entries = shallowReactive<MenuEntry[]>([])
    void make().then((entriesOf) => entriesOf && entries.push(...entriesOf(...of)))
    return entries
  }
}
