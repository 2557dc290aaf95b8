import { defineConfig } from '@playwright/test'
import { chromiumFlags } from './scripts/chromium-flags.mjs'
import { resolveChromium } from './scripts/chromium.mjs'

const executablePath = await resolveChromium()

export default defineConfig({
  testDir: 'e2e',
  outputDir: '.artifacts/e2e',
  workers: 1,
  fullyParallel: false,
  timeout: 180_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath, args: chromiumFlags },
    screenshot: 'only-on-failure',
    trace: { mode: 'retain-on-failure', screenshots: false },
  },
})
