/**
 * Records of one table in memory, as they lie on disk. What is staged in a `Changes` is seen only
 * through that same `Changes`; memory follows when the function that staging returned is called,
 * after the commit. Whoever stages runs inside `serial`, so nobody works with what another is
 * about to replace.
 */
import type { Changes } from '@/storage/changes'
import type { SealedTable } from '@/storage/schema'

type TextTable = Exclude<SealedTable, 'prekeys' | 'signed_prekeys' | 'outbox'>

export class CachedTable<R> {
  private readonly records = new Map<string, R>()
  private readonly staged = new WeakMap<Changes, Map<string, R | null>>()

  /** `prefix`: of the keys, where the table holds other records as well. */
  constructor(
    private readonly table: TextTable,
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

  get(id: string, within?: Changes): R | undefined {
    const staged = within && this.staged.get(within)?.get(id)
    return staged === null ? undefined : (staged ?? this.records.get(id))
  }

  stage(changes: Changes, id: string, record: R): () => void {
    changes.put(this.table, this.prefix + id, record)
    this.note(changes, id, record)
    return () => void this.records.set(id, record)
  }

  stageRemoval(changes: Changes, id: string): () => void {
    changes.remove(this.table, this.prefix + id)
    this.note(changes, id, null)
    return () => void this.records.delete(id)
  }

  private note(changes: Changes, id: string, record: R | null): void {
    const staged = this.staged.get(changes) ?? new Map<string, R | null>()
    this.staged.set(changes, staged.set(id, record))
  }
}
