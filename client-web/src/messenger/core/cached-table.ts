/**
 * Records of one table in memory, as they lie on disk. What is staged in a `TurnChanges` is seen only
 * through that same `TurnChanges`; memory follows the commit.
 */
import type { Store } from '@/storage/store'
import type { Stored } from '@/storage/stored'
import type { TurnChanges } from './serial'

export class CachedTable<R> {
  private readonly records = new Map<string, R>()
  private readonly staged = new WeakMap<TurnChanges, Map<string, R | null>>()

  /** `prefix`: of the keys, where the table holds other records as well. */
  constructor(
    private readonly kind: Stored<R>,
    private readonly prefix = '',
  ) {}

  /** What is on disk. */
  get all(): ReadonlyMap<string, R> {
    return this.records
  }

  /** From disk, at the start. */
  load(id: string, record: R): void {
    this.records.set(id, record)
  }

  /** Every record under the prefix, at the start; damaged ones are passed over. */
  async loadSpare(store: Store): Promise<void> {
    for (const key of await store.keys(this.kind.table)) {
      if (typeof key !== 'string' || !key.startsWith(this.prefix)) continue
      const record = await store.getSpare(this.kind, key)
      if (record !== null) this.load(key.slice(this.prefix.length), record)
    }
  }

  get(id: string, within?: TurnChanges): R | undefined {
    const staged = within && this.staged.get(within)?.get(id)
    return staged === null ? undefined : (staged ?? this.records.get(id))
  }

  stage(changes: TurnChanges, id: string, record: R): void {
    changes.write(this.kind, this.prefix + id, record)
    this.note(changes, id, record)
    changes.whenStored(() => this.records.set(id, record))
  }

  stageRemoval(changes: TurnChanges, id: string): void {
    changes.remove(this.kind.table, this.prefix + id)
    this.note(changes, id, null)
    changes.whenStored(() => this.records.delete(id))
  }

  private note(changes: TurnChanges, id: string, record: R | null): void {
    const staged = this.staged.get(changes) ?? new Map<string, R | null>()
    this.staged.set(changes, staged.set(id, record))
  }
}
