import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAccessible } from './support/axe'
import { acquainted, expect, test } from './support/fixtures'
import { testids } from './support/testids'

test('a message is signed for, its details show the receipt, and the relay proves the exported file', async ({
  person,
  relay,
}, info) => {
  const [anna, bob] = await acquainted(person)
  const { page } = anna
  await anna.write('before')
  // The setting holds for whatever is sent from then on.
  await expect(await anna.bubble('before')).not.toHaveAttribute('data-status', 'waiting')
  await anna.go('#/settings/privacy')
  await anna.toggle('Keep signed receipts', true)
  await anna.chatWith(bob.name)
  await anna.write('please sign')
  const mine = await anna.bubble('please sign')
  await expect(mine).not.toHaveAttribute('data-status', 'waiting')
  await page.reload()
  await anna.isOnline()

  const dialog = page.getByRole('dialog')
  await anna.choose(await anna.bubble('before'), 'Message details')
  await expect(dialog.getByText('Sent', { exact: true })).toBeVisible()
  await expect(anna.get(testids.signedReceipt)).toHaveCount(0)
  await page.keyboard.press('Escape')
  await anna.choose(mine, 'Message details')
  await expect(dialog).toContainText('The server signed that it took this message at')
  await isAccessible(page)

  const download = page.waitForEvent('download')
  await anna.get(testids.receiptSave).click()
  const file = info.outputPath('receipt.json')
  await (await download).saveAs(file)
  const proof = relay.command('replay', 'verify-receipt', file)
  expect(proof).toMatchObject({
    status: 0,
    said: expect.stringMatching(/^Proven: the relay took /),
  })
  const content = readFileSync(file, 'utf8')
  expect(content).not.toContain('please sign')

  const forged = join(info.outputDir, 'forged.json')
  writeFileSync(forged, content.replace(/"at": \d+/, '"at": 1'))
  expect(relay.command('replay', 'verify-receipt', forged)).toMatchObject({
    status: 1,
    said: expect.stringMatching(/^Not true \(wrong signature\)/),
  })
})
