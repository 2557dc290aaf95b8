/**
 * The messenger's life: starting, signed out, locked, leading or not, running. Holds at most one
 * `Running`; every way out of it (lock, sign-out, another tab, the session's end) takes it down.
 */
import { startEngine } from '@/crypto/remote'
import type { RemoteEngine } from '@/crypto/remote'
import { contactCode, contactQr, fingerprint, identityText } from '@/crypto/identity'
import type { Platform } from '@/platform/platform'
import { DATABASE_NAME } from '@/storage/database'
import type { CryptoEngine } from '@/crypto/engine'
import { StorageError } from '@/storage/errors'
import { Changes } from '@/storage/changes'
import type { Store } from '@/storage/store'
import { PublicApi, RelayApi } from '@/wire/api'
import { RelayError } from '@/wire/errors'
import { TokenKeeper } from '@/wire/tokens'
import type { SessionTokens } from '@/wire/types'
import { relayAt } from '@/wire/wire'
import type { Wire } from '@/wire/wire'
import { updateAccount } from './core'
import type { Core } from './core'
import { MessengerError } from './contract'
import type { Account, SessionEnd } from './contract'
import { Home } from './home'
import type { Opened } from './home'
import { leadership } from './leader'
import { Prekeys } from './prekeys'
import type { AccountRecord } from './records'
import { Running } from './running'
import { SecurityLog } from './security-log'
import { Serial } from './serial'
import { People } from './people'
import type { View } from './view'

const SETTLING = 1_000

const isExpected = (error: unknown): boolean =>
  error instanceof RelayError || error instanceof StorageError || error instanceof MessengerError

export interface AppOptions {
  platform: Platform
  view: View
  now?: () => number
  startEngine?: () => RemoteEngine
  database?: string
  /** Another way to the relay than the platform's address. */
  wire?: Wire
}

export class App {
  readonly api: PublicApi
  readonly now: () => number
  readonly view: View
  readonly platform: Platform
  home: Home | null = null
  opened: Opened | null = null
  running: Running | null = null
  core: Core | null = null
  private engine: RemoteEngine | null = null
  private readonly database: string
  private readonly wire: Wire
  readonly leader
  /** One for all that run on opened data: what an older part still writes, the next one reads. */
  serial = new Serial()

  constructor(private readonly options: AppOptions) {
    this.platform = options.platform
    this.view = options.view
    this.now = options.now ?? Date.now
    this.database = options.database ?? DATABASE_NAME
    this.wire = options.wire ?? relayAt(options.platform.relayUrl)
    this.api = new PublicApi(this.wire)
    this.leader = leadership({ yielded: () => this.yielded() }, `${this.database}-leader`)
  }

  async boot(): Promise<void> {
    if (!(await this.leader.claim())) return this.view.app({ phase: 'elsewhere' })
    try {
      await this.lead()
    } catch (error) {
      // An unfinished registration without the relay, or a browser that keeps nothing: the form is
      // shown, and the next command says what is wrong.
      const knownUsername = this.opened?.account?.username ?? null
      this.view.app({ phase: 'signed_out', account: null, knownUsername })
      if (!isExpected(error)) throw error
    }
  }

  /** This tab leads: open what is here. */
  async lead(): Promise<void> {
    this.home = await Home.open(this.platform, this.database)
    const state = await this.home.vault.state()
    if (state === 'empty') return this.view.app({ phase: 'signed_out', account: null })
    if (state === 'locked') {
      return this.view.app({ phase: 'locked', lock: { enabled: true, locked: true } })
    }
    await this.enter(await this.home.vault.unlock(null))
  }

  /** With the root key in hand: read the account and go on from where it stands. */
  async enter(root: CryptoKey): Promise<void> {
    if (!this.home) throw new MessengerError('not_leading')
    this.opened = await this.home.unlock(root)
    this.view.settings(this.opened.settings)
    await this.proceed()
  }

  /** Signed out, without identity, unpublished, or ready: whatever the records say. */
  async proceed(): Promise<void> {
    const { account, tokens, store } = this.theOpened()
    if (!account || !tokens) {
      const knownUsername = account?.username ?? null
      return this.view.app({ phase: 'signed_out', account: null, knownUsername })
    }
    this.engine ??= (this.options.startEngine ?? startEngine)()
    const keeper = this.keeper(tokens)
    this.core = this.makeCore(store, new RelayApi(this.wire, keeper), this.engine.engine)
    if (!account.published && !(await this.publish())) {
      return this.view.app({ phase: 'needs_identity', knownUsername: account.username })
    }
    this.running = new Running(this.core, this.wire, keeper, (end) => {
      void this.sessionEnded(end)
    })
    this.showAccount()
    this.view.app({ phase: 'ready', ended: null, knownUsername: account.username })
    await this.running.start()
    const persisted = await this.platform.persist().catch(() => null)
    this.view.app({ storagePersisted: persisted })
  }

  /** Makes this device active. False when the account's identity is elsewhere. */
  async publish(replace = false): Promise<boolean> {
    const core = this.theCore()
    const created = core.account.identity === null
    const log = new SecurityLog(core, new People(core))
    if (created) await this.saveAccount({ identity: await core.engine.createIdentity() })
    try {
      await new Prekeys(core, log).publish(replace)
    } catch (error) {
      if (!(error instanceof RelayError) || error.code !== 'identity_conflict') throw error
      // Only a key made just now is dropped; one that was used or restored stays.
      if (created) await this.saveAccount({ identity: null })
      return false
    }
    await log.load()
    if (created) {
      const identity = core.account.identity?.keyPair.publicKey
      await log.add('identity_created', identity ? { identity } : {})
    }
    return true
  }

  saveAccount(patch: Partial<AccountRecord>): Promise<void> {
    return updateAccount(this.theCore(), patch)
  }

  /** What is being stored is stored (a draft just written); not waited for longer than a moment. */
  async settle(): Promise<void> {
    const done = this.serial.run(() => Promise.resolve())
    await Promise.race([done, new Promise((end) => setTimeout(end, SETTLING))])
  }

  /** Takes everything down that is in memory; `view` shows nothing of the account any more. */
  down(): void {
    this.running?.stop()
    this.running = null
    this.core = null
    this.opened?.sealer.wipe()
    this.opened = null
    this.engine?.terminate()
    this.engine = null
    // Whatever still waits there can write nothing any more, and must keep nobody waiting.
    this.serial = new Serial()
    this.view.clear()
  }

  /** Everything of this device is gone. */
  async erase(): Promise<void> {
    this.down()
    await this.home?.erase()
    this.home = await Home.open(this.platform, this.database)
    const nobody = { account: null, knownUsername: null, lock: { enabled: false, locked: false } }
    this.view.app({ phase: 'signed_out', ...nobody })
  }

  theOpened(): Opened {
    if (!this.opened) throw new MessengerError('locked')
    return this.opened
  }

  theCore(): Core {
    if (!this.core) throw new MessengerError('signed_out')
    return this.core
  }

  theRunning(): Running {
    if (!this.running) throw new MessengerError(this.opened ? 'signed_out' : 'locked')
    return this.running
  }

  /** Account and settings have one home, the opened data; whoever changes them changes that. */
  private makeCore(store: Store, api: RelayApi, engine: CryptoEngine): Core {
    const opened = this.theOpened()
    const show = (): void => this.showAccount()
    return {
      store,
      engine,
      view: this.view,
      api,
      now: this.now,
      serial: this.serial,
      socket: null,
      get account() {
        if (!opened.account) throw new MessengerError('signed_out')
        return opened.account
      },
      set account(account) {
        opened.account = account
        show()
      },
      get settings() {
        return opened.settings
      },
    }
  }

  private keeper(tokens: SessionTokens): TokenKeeper {
    return new TokenKeeper(tokens, {
      refresh: (token) => this.api.refresh(token),
      save: async (renewed) => {
        await this.theOpened().store.commit(new Changes().put('records', 'tokens', renewed))
        this.theOpened().tokens = renewed
      },
      ended: (code) => void this.sessionEnded(code),
      now: this.now,
    })
  }

  /** The relay ended the session. What is on this device stays, sealed, for the next log-in. */
  private async sessionEnded(end: SessionEnd): Promise<void> {
    if (!this.running && !this.core) return
    if (end === 'replaced') {
      this.down()
      this.home?.close()
      this.home = null
      this.leader.release()
      return this.view.app({ phase: 'elsewhere', ended: end })
    }
    if (end === 'account_deleted') {
      await this.erase()
      return this.view.app({ ended: end })
    }
    this.running?.stop()
    this.running = null
    this.core = null
    const opened = this.theOpened()
    await opened.store.commit(new Changes().remove('records', 'tokens'))
    opened.tokens = null
    this.view.clear()
    const knownUsername = opened.account?.username ?? null
    this.view.app({ phase: 'signed_out', account: null, knownUsername, ended: end })
  }

  private async yielded(): Promise<void> {
    await this.settle()
    this.down()
    this.home?.close()
    this.home = null
    this.view.app({ phase: 'elsewhere', account: null })
  }

  private showAccount(): void {
    const account = this.opened?.account
    const key = account?.identity?.keyPair.publicKey
    if (!account || !key) return
    const shown: Account = {
      userId: account.userId,
      username: account.username,
      deviceId: account.deviceId,
      sessionId: account.sessionId,
      identity: identityText(key),
      fingerprint: fingerprint(key),
      code: contactCode(account.username, key),
      qr: contactQr(account.username, key),
      prekeysAvailable: account.prekeysAvailable,
      signedPrekeyAt: account.signedPrekey?.createdAt ?? 0,
      lastBackupAt: account.lastBackupAt,
    }
    this.view.app({ account: shown })
  }
}
