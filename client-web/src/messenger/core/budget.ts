/** At most so many in a sliding window, per name; kept in memory only. Times are of `Core.elapsed`. */
export class Budget {
  private readonly spent = new Map<string, number[]>()

  constructor(
    private readonly most: number,
    private readonly window: number,
  ) {}

  exhausted(name: string, now: number): boolean {
    const recent = (this.spent.get(name) ?? []).filter((at) => at > now - this.window)
    if (recent.length > 0) this.spent.set(name, recent)
    else this.spent.delete(name)
    return recent.length >= this.most
  }

  spend(name: string, now: number): void {
    this.spent.set(name, [...(this.spent.get(name) ?? []), now].slice(-this.most))
  }

  /** The newest counts no more. */
  giveBack(name: string): void {
    this.spent.get(name)?.pop()
  }
}
