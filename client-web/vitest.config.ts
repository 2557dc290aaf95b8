import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { chromiumFlags } from './scripts/chromium-flags.mjs'
import { resolveChromium } from './scripts/chromium.mjs'
import { blobServer } from './tests/support/blob-server.ts'
import { alias } from './vite.alias.ts'

/** For `browser`: what many of its tests would wait for. `unit` has the real values. */
const quick = ['crypto/passphrase-cost', 'messenger/sending/receipt-pace'].map((module) => ({
  find: `@/${module}`,
  replacement: fileURLToPath(
    new URL(`./tests/support/quick-${module.split('/').at(-1)}.ts`, import.meta.url),
  ),
}))

/**
 * Two projects: `unit` runs in Node what needs no browser (its WebCrypto is the real one),
 * `browser` runs in Chromium what touches IndexedDB, locks, workers or the DOM.
 */
export default defineConfig(async () => ({
  resolve: { alias },
  test: {
    // One process for `unit`, one page for `browser`: two pages side by side cost a quarter more CPU.
    maxWorkers: 1,
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
          // Starting a process per file takes longer than most files; they share no state.
          isolate: false,
          server: { deps: { inline: [/@privacyresearch/] } },
        },
      },
      {
        extends: true as const,
        plugins: [vue(), blobServer()],
        resolve: { alias: quick },
        // Known before the first test: one found later would reload the page under it.
        optimizeDeps: {
          include: [
            '@lucide/vue',
            '@msgpack/msgpack',
            '@noble/curves/ed25519.js',
            '@noble/hashes/hkdf.js',
            '@noble/hashes/hmac.js',
            '@noble/hashes/sha2.js',
            '@noble/hashes/sha3.js',
            '@noble/post-quantum/_crystals.js',
            '@noble/post-quantum/ml-kem.js',
            '@privacyresearch/libsignal-protocol-protobuf-ts',
            '@privacyresearch/libsignal-protocol-typescript',
            'fast-check',
            '@scure/bip39/wordlists/english.js',
            '@socket.io/component-emitter',
            '@tanstack/vue-virtual',
            '@vueuse/core',
            'barcode-detector/ponyfill',
            'comlink',
            'curve25519-original',
            'idb',
            'photoswipe',
            'pinia',
            'qrcode',
            'reka-ui',
            'socket.io-client',
            'tus-js-client',
            'vue',
            'vue-i18n',
            'vue-router',
          ],
        },
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          testTimeout: 60_000,
          // Files share no state: they pass in any order (`--sequence.shuffle.files`).
          isolate: false,
          restoreMocks: true,
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
