/**
 * Which time a message is shown under. Devices' clocks are wrong by days or years, and messages
 * lie in an outbox; the list and the days of a chat follow the time at which the relay took each.
 */

/** A writer's clock is taken as it is while it agrees this well with the relay's. */
const AGREES = 3_600_000

interface Times {
  /** Shown. */
  readonly sentAt: number
  /** The time by the writer's clock, if another one is shown. */
  readonly writtenAt?: number
}

/** `written` by the writer's clock; `at`: when the relay took it. */
export function messageTimes(written: number, at: number): Times {
  if (written <= at && at - written <= AGREES) return { sentAt: written }
  return { sentAt: at, writtenAt: written }
}
