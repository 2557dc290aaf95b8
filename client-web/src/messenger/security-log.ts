import { Changes } from '@/storage/store'
import type { Core } from './core'
import type { SecurityEvent } from './contract'
import { fingerprint } from '@/crypto/identity'
import type { People } from './people'

/** Events kept; the oldest go first. */
const KEPT = 500

/** What happened to keys and devices, kept (sealed) for the person to read. */
export class SecurityLog {
  private events: SecurityEvent[] = []

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  async load(): Promise<void> {
    const events = await this.core.store.all<SecurityEvent>('security')
    this.events = events.sort((a, b) => b.at - a.at)
    this.core.view.security(this.events)
  }

  /** Adds the write to `changes`; call the result after the commit. */
  stage(
    changes: Changes,
    type: SecurityEvent['type'],
    about: { userId?: string; device?: number; identity?: Uint8Array<ArrayBuffer>; count?: number },
  ): () => void {
    const person = about.userId ? this.people.all.get(about.userId) : undefined
    const event: SecurityEvent = {
      id: crypto.randomUUID(),
      at: this.core.now(),
      type,
      userId: about.userId ?? null,
      username: person?.username ?? null,
      device: about.device ?? null,
      fingerprint: about.identity ? fingerprint(about.identity) : null,
      count: about.count ?? null,
    }
    changes.put('security', event.id, event)
    const events = [event, ...this.events]
    for (const old of events.slice(KEPT)) changes.remove('security', old.id)
    return () => {
      this.events = [event, ...this.events].slice(0, KEPT)
      this.core.view.security(this.events)
    }
  }

  async add(type: SecurityEvent['type'], about: Parameters<SecurityLog['stage']>[2]) {
    const changes = new Changes()
    const show = this.stage(changes, type, about)
    await this.core.store.commit(changes)
    show()
  }
}
