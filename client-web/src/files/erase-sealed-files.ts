/** The directory of a database's sealed files, apart from what works with them: it is erased by whoever signs out. */
import { removeEntry } from './remove-entry'

export const directoryOf = (database: string): string => `${database}-files`

/** All of them, also of an account that cannot be opened any more. */
export async function eraseSealedFiles(database: string): Promise<void> {
  if (!navigator.storage?.getDirectory) return
  const root = await navigator.storage.getDirectory()
  await removeEntry(root, directoryOf(database))
}
