/** The page at an address that is neither https nor localhost. The relay behind it is the real one. */
import { isAccessible } from './support/axe'
import { expect, test } from './support/fixtures'

/** No browser holds this address to be safe, as none in a home network without a certificate. */
const INSECURE = 'http://chat.example.test'

for (const { locale, title, sentence } of [
  {
    locale: 'en-GB',
    title: 'Sealstream cannot run here',
    sentence: /^Open this page at its https:\/\/ address, [^.]*\.$/,
  },
  {
    locale: 'de-DE',
    title: 'Sealstream kann hier nicht laufen',
    sentence: /^Öffne diese Seite unter ihrer https:\/\/-Adresse [^.]*\.$/,
  },
]) {
  test(`without https the page says in one sentence what to do, and starts nothing (${locale})`, async ({
    browser,
    relay,
  }) => {
    const context = await browser.newContext({ locale })
    const asked: string[] = []
    await context.route(`${INSECURE}/**`, async (route) => {
      const { pathname } = new URL(route.request().url())
      asked.push(pathname)
      await route.fulfill({ response: await route.fetch({ url: relay.url + pathname }) })
    })
    const page = await context.newPage()
    const broken: Error[] = []
    page.on('pageerror', (error) => broken.push(error))

    await page.goto(INSECURE)
    await expect(page.getByRole('heading')).toHaveText(title)
    await expect(page.getByTestId('unsupported').getByRole('paragraph')).toHaveText(sentence)
    await expect(page.getByTestId('unsupported')).toHaveAttribute('data-missing', 'secure_context')
    await isAccessible(page)
    expect(asked.filter((path) => /^\/(v1|socket\.io)/.test(path))).toEqual([])
    expect(broken).toEqual([])
    await context.close()
  })
}
