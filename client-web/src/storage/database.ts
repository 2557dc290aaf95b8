import { deleteDB, openDB, unwrap, wrap } from 'idb'
import { StorageError } from './errors'
import { migrations } from './schema'
import type { Database, Tables } from './schema'

export const DATABASE_NAME = 'sealstream'

/** A browser that just clears the site's data aborts what opens meanwhile: waits before the next attempts, ms. */
const WAITS = [100, 300, 900]

/**
 * Opens the database and brings it up to date; another tab's upgrade closes ours. `terminated` is
 * called when it is closed by another than us: by the browser (its files are gone, or site data was
 * cleared) or by an upgrade. Where no event tells of that, the next transaction does.
 */
export async function openDatabase(
  name = DATABASE_NAME,
  terminated: () => void = () => undefined,
  [wait, ...waits] = WAITS,
): Promise<Database> {
  try {
    const db = await open(name, terminated)
    watchTransactions(unwrap(db), terminated)
    return db
  } catch (cause) {
    const busy = cause instanceof DOMException && cause.name === 'AbortError'
    if (!busy || wait === undefined) {
      throw new StorageError('failed', 'the browser does not open our database', { cause })
    }
    await new Promise((over) => setTimeout(over, wait))
    return openDatabase(name, terminated, waits)
  }
}

const open = (name: string, terminated: () => void): Promise<Database> =>
  openDB<Tables>(name, migrations.length, {
    upgrade(db, from, _to, transaction) {
      for (const migrate of migrations.slice(from)) migrate(db, transaction)
    },
    terminated,
    blocking(_current, _blocked, event) {
      ;(event.target as IDBDatabase).close()
    },
  })

/**
 * A closed connection begins no transaction. One that the browser aborts fails what was asked in it; idb promises
 * its end as well, which nobody awaits after a read.
 */
function watchTransactions(db: IDBDatabase, closed: () => void): void {
  const begin = db.transaction
  db.transaction = (...how) => {
    try {
      const transaction = begin.apply(db, how)
      wrap(transaction).done.catch(() => undefined)
      return transaction
    } catch (error) {
      if (error instanceof DOMException && error.name === 'InvalidStateError') closed()
      throw error
    }
  }
}

export const eraseDatabase = (name = DATABASE_NAME): Promise<void> => deleteDB(name)
