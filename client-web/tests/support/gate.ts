/** A step that a test can hold: whoever comes to it waits until it is let through. */
export class Gate {
  private open: (() => void) | null = null
  private closed: Promise<void> | null = null
  private arrived: () => void = () => undefined

  /** From now on; resolves once somebody stands before it. */
  hold(): Promise<void> {
    this.closed = new Promise((open) => {
      this.open = open
    })
    return new Promise((arrived) => {
      this.arrived = arrived
    })
  }

  release(): void {
    this.open?.()
    this.closed = null
  }

  async pass(): Promise<void> {
    if (!this.closed) return
    this.arrived()
    await this.closed
  }
}
