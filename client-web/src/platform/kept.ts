import { openDB } from 'idb'

/** Named values that are needed before anything sealed is opened. They are not sealed. */
export class Kept {
  constructor(
    private readonly database: string,
    private readonly store: string,
  ) {}

  private open() {
    return openDB(this.database, 1, { upgrade: (db) => void db.createObjectStore(this.store) })
  }

  /** Undefined if there is none. */
  async read(name: string): Promise<unknown> {
    const db = await this.open()
    const value: unknown = await db.get(this.store, name)
    db.close()
    return value
  }

  async write(name: string, value: unknown): Promise<void> {
    const db = await this.open()
    await db.put(this.store, value, name)
    db.close()
  }
}
