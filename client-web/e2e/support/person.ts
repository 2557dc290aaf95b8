import { expect } from '@playwright/test'
import type { Browser, BrowserContext, ConsoleMessage, Locator, Page } from '@playwright/test'
import { testids } from './testids'

export const PASSWORD = 'correct horse battery'

export interface Seen {
  id: string
  direction: string
  status: string
  text: string
}

/** The browser reports each failed request and each frame of a closed socket; being offline is part of the tests. */
const OF_THE_NETWORK =
  /Failed to load resource|WebSocket (connection to|is already in CLOSING)|when fetching the script/

/** Someone with a browser profile of their own, using the app as people do. */
export class Person {
  private constructor(
    readonly name: string,
    readonly context: BrowserContext,
    public page: Page,
    readonly url: string,
    /** Console errors, uncaught exceptions and policy violations, for the test to look at. */
    readonly complaints: string[] = [],
  ) {
    this.listen(page)
  }

  static async arrive(
    browser: Browser,
    url: string,
    name: string,
    locale = 'en-GB',
  ): Promise<Person> {
    const context = await browser.newContext({
      locale,
      // Tall: a chat keeps only what is near the screen in the page. Every pixel is drawn, and costs.
      viewport: { width: 1280, height: 1600 },
    })
    return new Person(name, context, await context.newPage(), url)
  }

  /** The same person at another device. */
  static again(browser: Browser, url: string, name: string): Promise<Person> {
    return Person.arrive(browser, url, name)
  }

  /** Another tab of the same browser. */
  async tab(): Promise<Person> {
    const page = await this.context.newPage()
    return new Person(this.name, this.context, page, this.url, this.complaints)
  }

  static async registered(browser: Browser, url: string, name: string): Promise<Person> {
    const person = await Person.arrive(browser, url, name)
    await person.register()
    return person
  }

  get(id: string): Locator {
    return this.page.getByTestId(id)
  }

  async open(path = ''): Promise<void> {
    await this.page.goto(`${this.url}/${path}`)
  }

  async register(): Promise<void> {
    await this.open()
    await this.get(testids.username).fill(this.name)
    await this.get(testids.password).fill(PASSWORD)
    await this.get(testids.submitRegister).click()
    await this.get(testids.lockLater).click()
    await this.isOnline()
  }

  async login(password = PASSWORD): Promise<void> {
    await this.open()
    await this.get(testids.switchMode).click()
    await this.get(testids.username).fill(this.name)
    await this.get(testids.password).fill(password)
    await this.get(testids.submitLogin).click()
  }

  async isOnline(timeout = 60_000): Promise<void> {
    await this.hasState('online', timeout)
  }

  async hasState(state: string, timeout = 60_000): Promise<void> {
    await expect(this.get(testids.connectionStatus)).toHaveAttribute('data-state', state, {
      timeout,
    })
  }

  async go(hash: string): Promise<void> {
    await this.page.evaluate((to) => {
      location.hash = to
    }, hash)
  }

  async code(): Promise<string> {
    await this.go('#/add/code')
    const code = await this.get(testids.myCode).first().innerText()
    return code.trim()
  }

  async add(code: string): Promise<void> {
    await this.go('#/add/enter')
    await this.get(testids.addContactCode).fill(code)
    await this.get(testids.addContactSubmit).click()
    await expect(this.get(testids.composer)).toBeVisible()
  }

  /** Somebody's row in the list of conversations. */
  row(name: string): Locator {
    return this.page.locator(`[data-testid="${testids.conversationItem}"][data-username="${name}"]`)
  }

  async chatWith(name: string): Promise<void> {
    await this.go('#/chats')
    await this.row(name).click()
    await expect(this.get(testids.composer)).toBeVisible()
  }

  /** The contact's page, from the open chat. */
  async contactPage(name: string): Promise<void> {
    await this.page.locator('[data-pane="main"]').getByRole('link', { name }).click()
    await expect(this.get(testids.contactRemove)).toBeVisible()
  }

  /** One entry of the menu that a right click on something opens. */
  async choose(target: Locator, entry: string | RegExp): Promise<void> {
    await target.click({ button: 'right' })
    await this.page.getByRole('menuitem', { name: entry }).click()
  }

  /** Answers the dialog that asks; it has gone when this resolves. */
  async confirm(answer: string | RegExp): Promise<void> {
    const dialog = this.page.getByRole('dialog')
    await dialog.getByRole('button', { name: answer }).click()
    await expect(dialog).toHaveCount(0)
  }

  async bubble(text: string): Promise<Locator> {
    const found = this.get(testids.message).filter({ hasText: text })
    await expect(found).toHaveCount(1)
    return found
  }

  /** Turns a setting on or off and waits until it is stored. */
  async toggle(label: string, on: boolean): Promise<void> {
    const toggle = this.page.getByRole('switch', { name: label })
    if ((await toggle.getAttribute('aria-checked')) !== String(on)) await toggle.click()
    await expect(toggle).toHaveAttribute('aria-checked', String(on))
  }

  async acceptRequestOf(name: string): Promise<void> {
    await this.go('#/requests')
    await this.page
      .locator(`[data-testid="${testids.requestItem}"][data-username="${name}"]`)
      .click()
    await this.get(testids.requestAccept).click()
    await expect(this.get(testids.composer)).toBeVisible()
  }

  /** Without a look at what becomes of the field: it may be taken away. */
  async send(text: string): Promise<void> {
    await this.get(testids.composer).fill(text)
    await this.get(testids.send).click()
  }

  async write(...texts: string[]): Promise<void> {
    for (const text of texts) {
      await this.send(text)
      await expect(this.get(testids.composer)).toHaveValue('')
    }
  }

  /** The messages on screen, in order. */
  messages(direction?: 'in' | 'out'): Promise<Seen[]> {
    const which = direction ? `[data-direction="${direction}"]` : ''
    return this.page.locator(`[data-testid="${testids.message}"]${which}`).evaluateAll((items) =>
      items.map((item) => ({
        id: item.getAttribute('data-id') ?? '',
        direction: item.getAttribute('data-direction') ?? '',
        status: item.getAttribute('data-status') ?? '',
        text: item.querySelector('[data-text]')?.textContent ?? (item as HTMLElement).innerText,
      })),
    )
  }

  /** Waits until exactly these texts have come, in this order, each once. */
  async hasReceived(texts: string[], timeout = 60_000): Promise<void> {
    await expect
      .poll(async () => this.found(await this.messages('in'), texts), { timeout })
      .toEqual(texts)
  }

  async hasStatuses(status: string, count: number, timeout = 60_000): Promise<void> {
    await expect(
      this.page.locator(
        `[data-testid="${testids.message}"][data-direction="out"][data-status="${status}"]`,
      ),
    ).toHaveCount(count, { timeout })
  }

  /** Which of the texts each bubble shows; bubbles with none of them show as they are. */
  private found(seen: Seen[], texts: string[]): string[] {
    const longestFirst = [...texts].sort((a, b) => b.length - a.length)
    return seen.map(({ text }) => longestFirst.find((one) => text.includes(one)) ?? text)
  }

  /** Everything the page holds for whoever looks into it: markup, values typed, storage in the clear. */
  async holds(): Promise<string> {
    return this.page.evaluate(() => {
      const values = [...document.querySelectorAll<HTMLInputElement>('input, textarea')]
      return [
        document.documentElement.outerHTML,
        ...values.map(({ value }) => value),
        JSON.stringify({ ...window.localStorage, ...window.sessionStorage }),
      ].join('\n')
    })
  }

  /** How many records lie in the browser's databases. */
  async stored(): Promise<number> {
    return this.page.evaluate(async () => {
      const result = <T>(request: IDBRequest<T>): Promise<T> =>
        new Promise((done, fail) => {
          request.addEventListener('success', () => done(request.result))
          request.addEventListener('error', () => fail(request.error ?? new Error('failed')))
        })
      let records = 0
      for (const { name } of await indexedDB.databases()) {
        // Workbox keeps the dates of its files in databases of its own.
        if (!name?.startsWith('sealstream')) continue
        const database = await result(indexedDB.open(name))
        for (const store of database.objectStoreNames) {
          records += await result(database.transaction(store).objectStore(store).count())
        }
        database.close()
      }
      return records
    })
  }

  /** Everything the app consists of is kept by the browser, and given from there. */
  async isInstalled(): Promise<void> {
    await expect
      .poll(() => this.page.evaluate(() => navigator.serviceWorker.controller?.state))
      .toBe('activated')
  }

  async offline(offline: boolean): Promise<void> {
    await this.context.setOffline(offline)
  }

  async leave(): Promise<void> {
    await this.context.close()
  }

  private listen(page: Page): void {
    const heed = (message: ConsoleMessage): void => {
      if (message.type() !== 'error') return
      if (OF_THE_NETWORK.test(message.text())) return
      this.complaints.push(message.text())
    }
    page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.message}`))
    page.on('console', heed)
    page.on('worker', (worker) => worker.on('console', heed))
  }
}
