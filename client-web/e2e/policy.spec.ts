import { expect, test } from './support/fixtures'
import type { Person } from './support/person'

/** What a script that got in would try: code from a string, code in the markup, a word to outside. */
const misbehave = (person: Person): Promise<string[]> =>
  person.page.evaluate(() => {
    const ran: string[] = []
    Object.assign(window, { ran })
    const inline = document.createElement('script')
    inline.textContent = 'ran.push("inline")'
    document.head.append(inline)
    const picture = new Image()
    picture.src = 'https://example.org/told.png'
    // In a task of the page's own: what a debugger evaluates may do more.
    return new Promise<string[]>((done) => {
      setTimeout(() => {
        try {
          ran.push(String(new Function('return "eval"')()))
        } catch {
          // Refused, as it should be.
        }
        done(ran)
      })
    })
  })

test('the page has the strict policy, without exceptions', async ({ relay }) => {
  const policy = (await fetch(relay.url)).headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain("'unsafe-eval'")
  expect(policy).not.toContain("'unsafe-inline'")
})

test('what goes against the policy does not happen, and is heard of', async ({ visitor }) => {
  const anna = await visitor('anna')
  await anna.open()
  expect(await misbehave(anna)).toEqual([])
  await expect.poll(() => anna.complaints.join('\n')).toMatch(/inline script/i)
  await expect.poll(() => anna.complaints.join('\n')).toMatch(/told\.png/)
  anna.complaints.length = 0
})

test('a test in which the policy is broken fails', async ({ visitor }) => {
  test.fail()
  const anna = await visitor('anna')
  await anna.open()
  await misbehave(anna)
})
