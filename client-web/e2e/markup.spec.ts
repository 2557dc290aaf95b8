import { isAccessible } from './support/axe'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

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
  await isAccessible(bob.page)
})
