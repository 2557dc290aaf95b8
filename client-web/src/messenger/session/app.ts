/**
 * The messenger's life: starting, signed out, locked, leading or not, running. Holds at most one
 * `Services`; every way out of it (lock, sign-out, another tab, the session's end) takes it down.
 */
import { startEngine, type RemoteEngine } from '@/crypto/engine/remote'
import { elapsed, steadyClock, type Elapsed } from '@/platform/clock'
import { PartMissing } from '@/platform/late-parts'
import type { Platform } from '@/platform/platform'
import { DATABASE_NAME } from '@/storage/database'
import { StorageError } from '@/storage/errors'
import { Changes } from '@/storage/changes'
import { RelayApi } from '@/wire/api'
import type { TokenKeeper } from '@/wire/tokens'
import { shownAccount } from '@/messenger/core/shown-account'
import { accountParts, type AppOptions } from './app-options'
import { Budget } from '@/messenger/core/budget'
import { Core, updateAccount } from '@/messenger/core/core'
import { MessengerError } from '@/messenger/contract'
import type { AppState, SessionEnd } from '@/messenger/contract'
import { reportUnopened, troubleOf } from './messenger-errors'
import { LocalData } from './local-data'
import type { OpenedData } from '@/messenger/core/opened-data'
import { keptTokens } from './kept-tokens'
import { leadership } from './leadership'
import type { AccountRecord } from '@/messenger/core/records'
import { ChosenRelay } from './chosen-relay'
import type { Services } from './services'
import { Serial } from '@/messenger/core/serial'
import type { View } from '@/messenger/core/view'

const SETTLING = 1_000
const unlocked: AppState['lock'] = { enabled: false, locked: false, passkey: false }

export class App {
  readonly relay: ChosenRelay
  readonly now: () => number
  readonly elapsed: Elapsed
  readonly view: View
  readonly platform: Platform
  localData: LocalData | null = null
  opened: OpenedData | null = null
  services: Services | null = null
  core: Core | null = null
  /** Its safe is open while data is. */
  engine: RemoteEngine | null = null
  private keeper: TokenKeeper | null = null
  private readonly database: string
  readonly leader
  lock: AppState['lock'] = unlocked
  /** One queue for all services on opened data: a later one reads what an earlier one still writes. */
  serial = new Serial()
  /** Called each time an account is open. */
  entered: (services: Services) => void = () => undefined
  /** Called before an account is closed: ends what only a person would end otherwise. */
  leaving: () => void = () => undefined
  /** `down()` increments it. Work begun under an older one must not touch the view. */
  private generation = 0
  private readonly terminations = new Budget(2, 60_000)
  /** @throws PartMissing */
  readonly parts = () => accountParts(this.options)

  constructor(private readonly options: AppOptions) {
    this.platform = options.platform
    this.view = options.view
    this.now = options.now ?? Date.now
    this.elapsed = options.now ? steadyClock(options.now) : elapsed
    this.database = options.database ?? DATABASE_NAME
    this.relay = new ChosenRelay(this.platform.relay, this.view, options.wire)
    this.leader = leadership({ yielded: () => this.yielded() }, `${this.database}-leader`)
  }

  async boot(): Promise<void> {
    await this.opening(async () => {
      if (!(await this.leader.claim())) this.view.app({ phase: 'elsewhere' })
      else await this.lead()
    })
  }

  /** This tab leads: open what is here. */
  async lead(): Promise<void> {
    this.leave()
    await this.opening(async (current) => {
      const localData: LocalData = await LocalData.open(this.platform, this.database, () => {
        if (this.localData === localData) this.terminated()
      })
      if (!current()) return localData.close()
      this.localData = localData
      // Its thread loads meanwhile, and is there when who signs in has lost the connection.
      this.startEngine()
      const state = await localData.vault.state()
      if (state === 'empty') return this.view.app({ phase: 'signed_out', account: null })
      const locked = state === 'locked'
      this.setLock({ enabled: locked, locked, passkey: !!(await localData.vault.passkey()) })
      if (locked) return this.view.app({ phase: 'locked' })
      await this.read(localData, await localData.vault.unlock(null))
    })
  }

  /** With the root key in hand: read the account and go on from where it stands. */
  async enter(root: CryptoKey): Promise<void> {
    const { localData } = this
    if (!localData) throw new MessengerError('not_leading')
    await this.opening(() => this.read(localData, root))
  }

  async unlock(localData: LocalData, root: CryptoKey): Promise<OpenedData> {
    this.opened = await localData.unlock(root, this.startEngine())
    return this.opened
  }

  private startEngine(): RemoteEngine {
    return (this.engine ??= (this.options.startEngine ?? startEngine)())
  }

  private async read(localData: LocalData, root: CryptoKey): Promise<void> {
    const { settings } = await this.unlock(localData, root)
    this.view.settings(settings)
    await this.proceed()
  }

  /** Never rejects. Data that does not open must not look like a device that has none, which may begin anew. */
  private async opening(work: (current: () => boolean) => Promise<void>): Promise<void> {
    const { generation } = this
    const current = (): boolean => generation === this.generation
    try {
      await work(current)
    } catch (error) {
      // Locked, or led by another tab, by now.
      if (!current()) return
      if (!this.opened || error instanceof StorageError || error instanceof PartMissing) {
        this.down()
        this.view.app({ phase: 'unopened', account: null, trouble: troubleOf(error) })
      } else {
        // An unfinished registration without the relay: the next command says what is wrong.
        const knownUsername = this.opened.account?.username ?? null
        this.view.app({ phase: 'signed_out', account: null, knownUsername })
      }
      reportUnopened(error)
    }
  }

  /** Goes on to the phase that the records say: signed out, without identity, unpublished, or ready. */
  async proceed(): Promise<void> {
    this.halt()
    const opened = this.theOpened()
    const { account, tokens } = opened
    if (!account || !tokens) {
      const knownUsername = account?.username ?? null
      return this.view.app({ phase: 'signed_out', account: null, knownUsername })
    }
    const keeper: TokenKeeper = keptTokens(opened, tokens, {
      refresh: (token) => this.relay.api.refresh(token),
      current: () => this.keeper === keeper,
      ended: (end) => void this.sessionEnded(end),
      now: this.now,
      elapsed: this.elapsed,
    })
    this.keeper = keeper
    const core = new Core(opened, {
      engine: this.startEngine().engine,
      view: this.view,
      api: new RelayApi(this.relay.calls, keeper),
      now: this.now,
      elapsed: this.elapsed,
      deviceName: this.platform.deviceName ?? null,
      serial: this.serial,
    })
    this.core = core
    const { activate, relayAt, Services } = await this.parts()
    if (this.core !== core) return
    if (!account.published && !(await activate(core))) {
      return core.view.app({ phase: 'needs_identity', knownUsername: account.username })
    }
    if (this.core !== core) return
    const wire = this.options.wire ?? relayAt(this.relay.base)
    const place = { relay: this.relay.base, database: this.database }
    this.services = new Services(core, wire, keeper, (end) => void this.sessionEnded(end), place)
    const shown = shownAccount(core.account)
    this.view.app({ phase: 'ready', ended: null, account: shown, knownUsername: account.username })
    await this.services.start()
    if (this.services) this.entered(this.services)
    const storagePersisted = await this.platform.persist().catch(() => null)
    core.view.app({ storagePersisted })
  }

  /** Only while nobody is logged in: an account's mailbox is at one relay. @throws MessengerError */
  async chooseRelay(address: string): Promise<void> {
    if (this.keeper) throw new MessengerError('invalid', 'somebody is logged in')
    await this.relay.choose(address)
  }

  setLock(lock: Partial<AppState['lock']>): void {
    this.lock = { ...this.lock, ...lock }
    this.view.app({ lock: this.lock })
  }

  saveAccount(patch: Partial<AccountRecord>): Promise<void> {
    return updateAccount(this.theCore(), patch)
  }

  /** Waits until pending writes (a new draft) are stored, at most `SETTLING`. */
  async settle(): Promise<void> {
    const done = this.serial.run(() => Promise.resolve())
    await Promise.race([done, new Promise((end) => setTimeout(end, SETTLING))])
  }

  /** Nothing runs any more; what is still under way is not shown, and its tokens are not kept. */
  halt(): void {
    this.leaving()
    this.services?.stop()
    this.services = null
    this.core?.hide()
    this.core = null
    this.keeper = null
  }

  /** Takes everything down that is in memory; `view` shows nothing of the account any more. */
  down(): void {
    this.generation += 1
    this.halt()
    this.opened?.sealer.wipe()
    this.opened = null
    this.engine?.terminate()
    this.engine = null
    // Whatever still waits there can write nothing any more, and must keep nobody waiting.
    this.serial = new Serial()
    this.view.clear()
  }

  /** Opens again at once; a browser that closes it again and again gets a screen instead of a loop. */
  private terminated(): void {
    const now = this.elapsed()
    if (this.terminations.exhausted('', now)) {
      this.leave()
      return this.view.app({ phase: 'unopened', account: null, trouble: 'failed' })
    }
    this.terminations.spend('', now)
    void this.lead()
  }

  /** Down, and the database is free for another tab. */
  private leave(): void {
    this.down()
    this.localData?.close()
    this.localData = null
  }

  /** Everything of this device is gone, also what could not be opened. */
  async erase(): Promise<void> {
    this.leave()
    await LocalData.erase(this.platform, this.database)
    this.localData = await LocalData.open(this.platform, this.database)
    this.setLock(unlocked)
    const nobody = { account: null, knownUsername: null, offerLock: false }
    this.view.app({ phase: 'signed_out', ended: null, ...nobody })
  }

  theOpened(): OpenedData {
    if (!this.opened) throw new MessengerError('locked')
    return this.opened
  }

  theCore(): Core {
    if (!this.core) throw new MessengerError('signed_out')
    return this.core
  }

  theServices(): Services {
    if (!this.services) throw new MessengerError(this.opened ? 'signed_out' : 'locked')
    return this.services
  }

  /** The relay ended the session. The data on this device stays, sealed, for the next log-in. */
  private async sessionEnded(end: SessionEnd): Promise<void> {
    if (!this.services && !this.core) return
    if (end === 'replaced') {
      this.leave()
      this.leader.release()
      return this.view.app({ phase: 'elsewhere', ended: end })
    }
    if (end === 'account_deleted') {
      await this.erase()
      return this.view.app({ ended: end })
    }
    this.halt()
    this.view.clear()
    const opened = this.theOpened()
    opened.tokens = null
    const knownUsername = opened.account?.username ?? null
    this.view.app({ phase: 'signed_out', account: null, knownUsername, ended: end })
    // Those that a full disk keeps are refused again at the next start.
    await opened.store.commit(new Changes().remove('records', 'tokens')).catch(() => undefined)
  }

  private async yielded(): Promise<void> {
    await this.settle()
    this.leave()
    this.view.app({ phase: 'elsewhere', account: null })
  }
}
