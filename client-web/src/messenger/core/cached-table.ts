/**
 * Records of one table in memory, as they lie on disk. Staged records are seen only through the same
 * `TurnChanges`; memory follows the commit.
 */
import type { Store } from '@/storage/store'
import type { Stored } from '@/storage/stored'
import type { TurnChanges } from './serial'

export class CachedTable<Id extends string, R> {
  private readonly records = new Map<Id, R>()
  private readonly staged = new WeakMap<TurnChanges, Map<Id, R | null>>()

  /** `prefix`: of the keys, where the table holds other records as well. */
  constructor(
    private readonly kind: Stored<R>,
    private readonly prefix = '',
  ) {}

  /** As on disk. */
  get all(): ReadonlyMap<Id, R> {
    return this.records
  }

  /** From disk, at the start. */
  load(id: Id, record: R): void {
    this.records.set(id, record)
  }

  /** Every record under the prefix, at the start; damaged ones are passed over. */
  async loadSpare(store: Store, idOf: (record: R) => Id): Promise<void> {
    for (const key of await store.keys(this.kind.table)) {
      if (typeof key !== 'string' || !key.startsWith(this.prefix)) continue
      const record = await store.getSpare(this.kind, key)
      if (record !== null) this.load(idOf(record), record)
    }
  }

  get(id: Id, within?: TurnChanges): R | undefined {
    const staged = within && this.staged.get(within)?.get(id)
    return staged === null ? undefined : (staged ?? this.records.get(id))
  }

  stage(changes: TurnChanges, id: Id, record: R): void {
    changes.write(this.kind, this.prefix + id, record)
    this.note(changes, id, record)
    changes.whenStored(() => this.records.set(id, record))
  }

  stageRemoval(changes: TurnChanges, id: Id): void {
    changes.remove(this.kind.table, this.prefix + id)
    this.note(changes, id, null)
    changes.whenStored(() => this.records.delete(id))
  }

  private note(changes: TurnChanges, id: Id, record: R | null): void {
    const staged = this.staged.get(changes) ?? new Map<Id, R | null>()
    this.staged.set(changes, staged.set(id, record))
  }
}
