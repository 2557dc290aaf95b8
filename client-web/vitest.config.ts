import { playwright } from '@vitest/browser-playwright'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { chromiumFlags } from './scripts/chromium-flags.mjs'
import { resolveChromium } from './scripts/chromium.mjs'
import { alias } from './vite.alias.ts'

/**
 * Two projects: `unit` runs in Node what needs no browser (its WebCrypto is the real one),
 * `browser` runs in Chromium what touches IndexedDB, locks, workers or the DOM.
 */
export default defineConfig(async () => ({
  resolve: { alias },
  test: {
    maxWorkers: 2,
    retry: 1,
    // Prints failures only.
    reporters: ['minimal', './scripts/measured-reporter.mjs', './scripts/shaky-reporter.mjs'],
    projects: [
      {
        extends: true as const,
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts'],
          environment: 'node',
          testTimeout: 30_000,
          server: { deps: { inline: [/@privacyresearch/] } },
        },
      },
      {
        extends: true as const,
        plugins: [vue()],
        // Known before the first test: one found later would reload the page under it.
        optimizeDeps: {
          include: [
            'vue',
            'vue-i18n',
            'vue-router',
            'pinia',
            '@lucide/vue',
            '@vueuse/core',
            'qrcode',
            'reka-ui',
          ],
        },
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          testTimeout: 60_000,

          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: await resolveChromium(), args: chromiumFlags },
            }),
            instances: [{ browser: 'chromium' as const }],
          },
        },
      },
    ],
  },
}))
