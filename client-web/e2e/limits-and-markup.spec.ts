import { acquainted, expect, test, unique } from './support/fixtures'
import { Person } from './support/person'
import { Relay } from './support/relay'
import { testids } from './support/testids'

test('a reached limit is shown, waited out, and loses nothing', async ({ browser }) => {
  const relay = await Relay.start({ SEALSTREAM_MESSAGES_PER_MINUTE: '6' })
  try {
    const anna = await Person.registered(browser, relay.url, unique('anna'))
    const bob = await Person.registered(browser, relay.url, unique('bob'))
    const code = await bob.code()
    await anna.add(code)
    const texts = Array.from({ length: 8 }, (_, i) => `message ${i + 1} of eight`)
    await anna.write(...texts)
    await anna.hasStatuses('accepted', 6)
    await anna.hasStatuses('waiting', 2)
    await anna.hasStatuses('accepted', 8, 90_000)
    await bob.acceptRequestOf(anna.name)
    await bob.hasReceived(texts)
    expect([...anna.complaints, ...bob.complaints]).toEqual([])
    await anna.leave()
    await bob.leave()
  } finally {
    await relay.destroy()
  }
})

test('threat 16: markup in messages is text, and nothing but text', async ({ person }) => {
  const payloads = [
    '<script>document.title="owned"</script>',
    '<img src=x onerror=alert(1)>',
    '"><svg/onload=alert(1)>',
    'javascript:alert(1)',
    '<a href="javascript:alert(1)">click</a>',
    '{{constructor.constructor("alert(1)")()}}',
    '<style>*{display:none}</style>',
    '&lt;b&gt;entities&lt;/b&gt;',
    '\u202Egnp.exe',
  ]
  const [anna, bob] = await acquainted(person)
  let dialogs = 0
  bob.page.on('dialog', (dialog) => {
    dialogs++
    void dialog.dismiss()
  })
  await anna.write(...payloads)
  await bob.hasReceived(payloads)
  const bubbles = bob.page.getByTestId(testids.message)
  expect(await bubbles.locator('script, img, style, iframe, [onerror], [onload]').count()).toBe(0)
  const links = await bubbles
    .locator('a')
    .evaluateAll((all) => all.map((a) => a.getAttribute('href')))
  expect(links.filter((href) => !/^https?:/.test(href ?? ''))).toEqual([])
  expect(dialogs).toBe(0)
  expect(await bob.page.title()).not.toBe('owned')
})
