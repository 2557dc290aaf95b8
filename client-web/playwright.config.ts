import { defineConfig } from '@playwright/test'
import { chromiumFlags } from './scripts/chromium-flags.mjs'
import { resolveChromium } from './scripts/chromium.mjs'

const executablePath = await resolveChromium()

export default defineConfig({
  testDir: 'e2e',
  outputDir: '.artifacts/e2e',
  globalSetup: './e2e/support/shared.ts',
  // A worker for each core, and one for the time in which another waits: for receipts, for a minute to pass.
  workers: 3,
  fullyParallel: false,
  timeout: 180_000,
  // A busy machine can break what waits for something; the report tells such tests apart as flaky.
  retries: 1,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    // Drawing what moves is much of a test's work. The main path moves as for most people.
    contextOptions: { reducedMotion: 'reduce' },
    // Each new profile would fetch and store the whole app once more. Tests of the installed app allow it.
    serviceWorkers: 'block',
    launchOptions: { executablePath, args: chromiumFlags },
    screenshot: 'only-on-failure',
    // Copies of the page at every step: only when asked for. What is measured would be measured with them, and a
    // file with a setting of its own needs a worker and a browser of its own.
    trace: process.env['TRACE'] === '1' ? 'retain-on-failure' : 'off',
  },
})
