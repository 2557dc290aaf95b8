/** A step that a test can hold: the next one that comes to it waits until it is let through. */
export class Gate {
  private open: () => void = () => undefined
  private closed: Promise<void> | null = null
  private arrived: () => void = () => undefined

  /** Resolves once somebody stands before it. */
  hold(): Promise<void> {
    this.closed = new Promise((open) => {
      this.open = open
    })
    return new Promise((arrived) => {
      this.arrived = arrived
    })
  }

  release(): void {
    this.open()
    this.closed = null
  }

  async pass(): Promise<void> {
    const { closed } = this
    if (!closed) return
    this.closed = null
    this.arrived()
    await closed
  }
}
