import { securityEvents } from '@/messenger/core/stored-records'
import { TurnChanges } from '@/messenger/core/serial'
import type { Turn } from '@/messenger/core/serial'
import type { SecurityEventRecord } from '@/messenger/core/records'
import { shownSecurityEvent } from '@/messenger/core/shown-security-event'
import type { Core } from '@/messenger/core/core'
import type { SecurityEvent, UserId } from '@/messenger/contract'
import { fingerprint } from '@/crypto/contact/contact-code'
import type { People } from '@/messenger/people/people'

/** Kept of each kind; the oldest go first. */
const KEPT = 500
const NOISE_KEPT = 200
/** Events that strangers or the relay can cause at will. They never displace the others. */
const noise: ReadonlySet<string> = new Set<SecurityEvent['type']>([
  'undecryptable',
  'replay_refused',
  'sender_refused',
  'messages_expired',
  'records_damaged',
  'relay_log_changed',
  'receipt_refused',
  'answer_refused',
])

/** Events of one's own account, as the relay reports them. They never displace the others. */
const account: ReadonlySet<string> = new Set<SecurityEvent['type']>([
  'login',
  'own_device_added',
  'own_device_removed',
])

/** Those that have to go. `events`: newest first. */
export function surplus(events: readonly SecurityEventRecord[]): SecurityEventRecord[] {
  const isLimited = ({ type }: SecurityEventRecord): boolean => noise.has(type) || account.has(type)
  return [
    ...events.filter(({ type }) => noise.has(type)).slice(NOISE_KEPT),
    ...events.filter(({ type }) => account.has(type)).slice(NOISE_KEPT),
    ...events.filter((event) => !isLimited(event)).slice(KEPT),
  ]
}

interface EventDetails {
  userId?: UserId
  device?: number
  identity?: Uint8Array<ArrayBuffer>
  count?: number
  /** When it happened, where that is not now. */
  at?: number
}

/** Events of keys and devices, stored (sealed) for the person to read. */
export class SecurityLog {
  private events: SecurityEventRecord[] = []
  /** Damaged records that the log names already. */
  private damageLogged = 0

  constructor(
    private readonly core: Core,
    private readonly people: People,
  ) {}

  async load(): Promise<void> {
    const events = await this.core.store.all(securityEvents)
    this.events = events.sort((a, b) => b.at - a.at)
    this.show()
  }

  /** Adds the event to `changes`. One of the same `id` is replaced. */
  stage(
    changes: TurnChanges,
    type: SecurityEvent['type'],
    about: EventDetails,
    id: string = crypto.randomUUID(),
  ): void {
    const person = about.userId ? this.people.all.get(about.userId) : undefined
    const event: SecurityEventRecord = {
      id,
      at: about.at ?? this.core.now(),
      type,
      userId: about.userId ?? null,
      username: person?.username ?? null,
      device: about.device ?? null,
      fingerprint: about.identity ? fingerprint(about.identity) : null,
      count: about.count ?? null,
    }
    changes.put('security', event.id, event)
    const after = () => [event, ...this.events.filter((one) => one.id !== id)]
    for (const old of surplus(after())) changes.remove('security', old.id)
    changes.whenStored(() => {
      const events = after()
      const gone = new Set(surplus(events))
      this.events = events.filter((one) => !gone.has(one))
      this.show()
    })
  }

  private show(): void {
    this.core.view.security(this.events.flatMap((event) => shownSecurityEvent(event) ?? []))
  }

  /** Logs the number of records that did not open: once, also over later starts. */
  async logDamage(): Promise<void> {
    const count = this.core.store.damaged
    if (count <= this.damageLogged) return
    this.damageLogged = count
    const before = this.events.find(({ type }) => type === 'records_damaged')
    if (before?.count !== count) await this.add('records_damaged', { count })
  }

  add(type: SecurityEvent['type'], about: EventDetails): Promise<void> {
    return this.core.serial.run((turn) => this.addNow(turn, type, about))
  }

  async addNow(turn: Turn, type: SecurityEvent['type'], about: EventDetails): Promise<void> {
    const changes = new TurnChanges(turn)
    this.stage(changes, type, about)
    await this.core.store.commit(changes)
  }
}
