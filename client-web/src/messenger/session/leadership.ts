/**
 * One tab leads: it alone holds the connection, the sessions and the right to write. Another one
 * that wants to lead first asks (the leader lets go in order), then takes the lock by force; the
 * store's fence makes sure that a frozen former leader can write nothing any more.
 */
const LOCK = 'sealstream-leader'
const PATIENCE = 3_000
/** Waits before each look at whether the lock is free, ms. */
const LOOKS = [0, 50, 100, 200, 450]

export interface Leadership {
  /** Resolves true if this tab leads now, false if another one does. */
  claim(): Promise<boolean>
  /** Becomes the leader, also if another tab leads. */
  takeOver(): Promise<void>
  release(): void
}

export interface LeadershipEvents {
  /** Another tab wants to lead: settle and stop; the lock is released afterwards. */
  yielded(): Promise<void>
}

export function leadership(events: LeadershipEvents, name = LOCK): Leadership {
  const channel = new BroadcastChannel(name)
  let release: (() => void) | null = null

  function hold(options: LockOptions): Promise<boolean> {
    return new Promise((resolve, reject) => {
      navigator.locks
        .request(name, options, (lock) => {
          if (!lock) return resolve(false)
          resolve(true)
          return new Promise<void>((end) => {
            release = () => {
              release = null
              end()
            }
          })
        })
        // The lock was stolen: another tab leads now.
        .catch((error: unknown) => {
          if (release === null) return reject(error instanceof Error ? error : new Error('lock'))
          release = null
          void events.yielded()
        })
    })
  }

  channel.addEventListener('message', ({ data }) => {
    if (data !== 'yield' || !release) return
    void events.yielded().finally(() => release?.())
  })

  return {
    async claim() {
      // A page that reloads meets its own lock for a moment. Asked again instead of waited for: a
      // request given up may have been granted by then, and its lock would pass for another tab's.
      for (const wait of LOOKS) {
        if (wait > 0) await new Promise((over) => setTimeout(over, wait))
        if (await hold({ ifAvailable: true })) return true
      }
      return false
    },
    async takeOver() {
      channel.postMessage('yield')
      const patience = AbortSignal.timeout(PATIENCE)
      const waited = await hold({ mode: 'exclusive', signal: patience }).catch(() => false)
      if (!waited) await hold({ mode: 'exclusive', steal: true })
    },
    release: () => release?.(),
  }
}
