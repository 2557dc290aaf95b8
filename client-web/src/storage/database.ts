import { deleteDB, openDB } from 'idb'
import { StorageError } from './errors'
import { migrations } from './schema'
import type { Database, Tables } from './schema'

export const DATABASE_NAME = 'sealstream'

/**
 * Opens the database and brings it up to date; another tab's upgrade closes ours. `terminated` is
 * called when the browser closes it by itself (its files are gone, or site data was cleared).
 */
export async function openDatabase(
  name = DATABASE_NAME,
  terminated: () => void = () => undefined,
): Promise<Database> {
  try {
    return await openDB<Tables>(name, migrations.length, {
      upgrade(db, from, _to, transaction) {
        for (const migrate of migrations.slice(from)) migrate(db, transaction)
      },
      terminated,
      blocking(_current, _blocked, event) {
        ;(event.target as IDBDatabase).close()
      },
    })
  } catch (cause) {
    throw new StorageError('failed', 'the browser does not open our database', { cause })
  }
}

export const eraseDatabase = (name = DATABASE_NAME): Promise<void> => deleteDB(name)
