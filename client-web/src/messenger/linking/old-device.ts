/**
 * The old device's side of a link. Nothing but a greeting leaves it before its person typed the digits that the new
 * device shows; a wrong number ends the link.
 */
import { MessengerError } from '@/messenger/contract'
import { everyMark } from '@/messenger/backup/backup-content'
import type { BackupContent } from '@/messenger/backup/backup-mapping'
import { localIdentity } from '@/messenger/core/core'
import type { HistoryFile } from '@/messenger/core/linking-records'
import { contacts, conversations } from '@/messenger/core/stored-records'
import type { SealedFile } from '@/messenger/sending/uploads'
import type { App } from '@/messenger/session/app'
import { storeWaits } from '@/storage/errors'
import { LinkMailbox } from '@/wire/links'
import { writePackage } from './account-package'
import { greeting, readGreeting } from './greeting'
import { transferHistory } from './history-transfer'
import { HistoryUpload } from './history-upload'
import { parseLinkCode } from './link-code'
import { asLinkErrors } from './link-errors'

export class OldDevice {
  private confirmed = false
  /** The new device has all that it needs to come in. */
  private given = false
  private readonly upload: HistoryUpload
  /** Made while the person reads and types. Null: there is no space for it now; all of it belongs to the rest. */
  private readonly sealed: Promise<SealedFile[] | null>
  /** Set once: the upload keeps the parts, or has dropped them. */
  private announced: Promise<HistoryFile[]> | null = null

  private constructor(
    private readonly app: App,
    private readonly mailbox: LinkMailbox,
    private readonly left: AbortController,
    /** What the new device calls itself. */
    readonly name: string | null,
  ) {
    this.upload = new HistoryUpload(app.theServices())
    this.sealed = this.upload.seal().catch((error: unknown) => {
      if (!storeWaits(error)) throw error
      return null
    })
    this.sealed.catch(() => undefined)
  }

  /** @throws MessengerError `bad_link_code`, `link_elsewhere`, `link_expired`, `link_broken`, … */
  static join(app: App, text: string, left: AbortController): Promise<OldDevice> {
    return asLinkErrors(left.signal, async () => {
      const code = parseLinkCode(text)
      if (!code) throw new MessengerError('bad_link_code')
      if (code.relay !== app.relay.origin) throw new MessengerError('link_elsewhere')
      const { engine } = app.theCore()
      const mailbox = new LinkMailbox(app.relay.calls, code.link, left.signal)
      if (await mailbox.look()) throw new MessengerError('link_broken', 'somebody answered it')
      const hello = greeting({ name: app.platform.deviceName ?? null })
      await mailbox.write(await engine.joinLink(code.link, code.key, code.secret, hello))
      const answer = await engine.openFromLink(code.link, await mailbox.next())
      await app.theServices().devices.expect()
      return new OldDevice(app, mailbox, left, readGreeting(answer).name)
    })
  }

  /** @throws MessengerError `wrong_digits` (the link is over), `bad_credentials` (again), `link_expired`, … */
  confirm(digits: string, password: string): Promise<void> {
    return asLinkErrors(this.left.signal, async () => {
      const { mailbox, app } = this
      const core = app.theCore()
      const services = app.theServices()
      this.confirmed ||= await core.engine.confirmLink(mailbox.id, digits)
      if (!this.confirmed) throw new MessengerError('wrong_digits')
      const grant = await core.api.grantDevice(password)
      const sealed = await this.sealed
      const history = await (this.announced ??= this.upload.announce(sealed ?? []))
      this.left.signal.throwIfAborted()
      // What the relay has no room for now belongs to the rest.
      if (!sealed || history.length < sealed.length) await services.targets.linked.nothingGiven()
      // Before the rest of the account: the other device waits for the first file.
      void transferHistory(app, services)
      const account = writePackage({
        content: await this.content(),
        grant,
        names: services.devices.allNames(),
        synced: services.sync.all(),
        history,
        restOwed: true,
      })
      const bodies = await core.engine.sealAccountToLink(mailbox.id, account, localIdentity(core))
      let answer: Uint8Array<ArrayBuffer> | null = null
      for (const [i, body] of bodies.entries()) {
        this.given = i === bodies.length - 1
        await mailbox.write(body)
        answer = await core.engine.openFromLink(mailbox.id, await mailbox.next())
      }
      const device = answer && readGreeting(answer).device
      if (device !== null) void services.devices.vouchFor(device).catch(() => undefined)
    })
  }

  leave(): void {
    this.left.abort()
    if (!this.given) void this.app.services?.devices.expectNobody().catch(() => undefined)
    if (!this.announced) {
      // What a page that ends now leaves, the next link removes.
      this.sealed.then((parts) => this.upload.drop(parts ?? [])).catch(() => undefined)
    }
    void this.app.core?.engine.endLink(this.mailbox.id).catch(() => undefined)
  }

  private async content(): Promise<Omit<BackupContent, 'messages'>> {
    const { store, account, settings, now } = this.app.theCore()
    const { userId, username } = account
    return {
      createdAt: now(),
      account: { userId, username },
      settings,
      contacts: await store.all(contacts),
      conversations: await store.all(conversations),
      marks: await everyMark(store),
      timers: this.app.theServices().timers.all(),
    }
  }
}
