import { openDB } from 'idb'

const STORE = 'kept'

/** A few values that must be known before anything sealed is opened. None is secret; none is sealed. */
export class Kept {
  constructor(private readonly database: string) {}

  private open() {
    return openDB(this.database, 1, { upgrade: (db) => void db.createObjectStore(STORE) })
  }

  /** Undefined when there is none. */
  async read(name: string): Promise<unknown> {
    const db = await this.open()
    const value: unknown = await db.get(STORE, name)
    db.close()
    return value
  }

  async write(name: string, value: string): Promise<void> {
    const db = await this.open()
    await db.put(STORE, value, name)
    db.close()
  }
}
