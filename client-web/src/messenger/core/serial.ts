import { Changes } from '@/storage/changes'

declare const proof: unique symbol

/** Proof that the caller runs inside a job of a `Serial`, which alone makes one. Never keep it. */
export interface Turn {
  readonly [proof]: true
}

/** Runs jobs one after the other; a failed one does not stop the next. */
export class Serial {
  private tail: Promise<unknown> = Promise.resolve()

  run<T>(job: (turn: Turn) => Promise<T>): Promise<T> {
    const start = (): Promise<T> => job({} as Turn)
    const result = this.tail.then(start, start)
    this.tail = result.catch(() => undefined)
    return result
  }
}

/**
 * Changes to records that services also hold in memory. Read, decided and committed in one turn, so that no
 * other job works with a record that this one replaces.
 */
export class TurnChanges extends Changes {
  constructor(readonly turn: Turn) {
    super()
  }
}
