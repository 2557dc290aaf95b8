import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'
import { firstLoadBudget } from './scripts/first-load.ts'
import { policyMeta } from './scripts/policy-meta.ts'
import { alias, nativeAlias } from './vite.alias.ts'

/** The relay that `npm run dev` passes calls on to. */
const relay = process.env['SEALSTREAM_DEV_RELAY'] ?? 'http://127.0.0.1:8080'

/** In the phones' shells the person chooses the relay; without TLS only on the same device. */
const ANY_RELAY =
  "'self' https: wss: http://localhost:* http://127.0.0.1:* ws://localhost:* ws://127.0.0.1:*"

/** What a browser needs to install the app and to open it offline. */
const webApp = () =>
  VitePWA({
    // The person decides when a new version takes over; nothing reloads by itself.
    registerType: 'prompt',
    injectRegister: false,
    manifest: false,
    workbox: {
      // The page that installs it is served by it, too: offline before the first reload, parts
      // that are fetched late are there.
      clientsClaim: true,
      globPatterns: ['**/*.{js,css,html,svg,png,ico,webmanifest,wasm,woff2}'],
      // The scanner is large and rarely used: fetched when first opened.
      globIgnores: ['**/*.wasm'],
      navigateFallback: '/index.html',
      navigateFallbackDenylist: [
        /^\/v1\//,
        /^\/socket\.io\//,
        /^\/healthz/,
        /^\/readyz/,
        /^\/openapi/,
      ],
    },
  })

export default defineConfig(({ mode }) => {
  /** `vite build --mode native`: for the shells in ../capacitor. */
  const native = mode === 'native'
  return {
    plugins: [
      vue(),
      tailwindcss(),
      native
        ? policyMeta({ 'connect-src': ANY_RELAY })
        : [policyMeta(), webApp(), firstLoadBudget()],
    ],
    resolve: { alias: native ? [...nativeAlias, ...alias] : alias },
    define: {
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_I18N_FULL_INSTALL__: 'false',
      __VUE_I18N_LEGACY_API__: 'false',
      __INTLIFY_PROD_DEVTOOLS__: 'false',
      // Messages are interpreted, never compiled with eval: the page forbids it.
      __INTLIFY_JIT_COMPILATION__: 'true',
    },
    worker: { format: 'es' },
    build: {
      ...(native && { outDir: '../capacitor/dist', emptyOutDir: true }),
      target: 'es2022',
      // No data: URLs for code or fonts; the page's policy allows them for pictures only.
      assetsInlineLimit: 0,
      sourcemap: false,
      rolldownOptions: {
        input: fileURLToPath(new URL('./index.html', import.meta.url)),
        output: {
          // A few shared pieces instead of one request per icon. What the first screen needs never lies in one with
          // what it does not: `scripts/first-load.ts`.
          codeSplitting: {
            groups: [
              { name: 'framework', tags: ['$initial'], test: /node_modules/, priority: 3 },
              { name: 'parts', tags: ['$initial'], test: /src[\\/](?!main)/, priority: 2 },
              {
                name: 'chats',
                test: /src[\\/](layouts[\\/]AppShell|views[\\/](ChatView|ConversationList|NothingOpen))/,
                priority: 1,
              },
              // Whole, also what later parts share with it: pieces are smaller, and compress worse.
              {
                name: 'account',
                test: /src[\\/]messenger[\\/]session[\\/]account-parts/,
                priority: 1,
              },
              {
                name: 'late',
                test: /node_modules|src[\\/](components[\\/](ui|system)|composables)[\\/]/,
                minShareCount: 2,
              },
            ],
          },
        },
      },
    },
    server: {
      port: 5173,
      proxy: {
        '/v1': relay,
        '/socket.io': { target: relay, ws: true },
      },
    },
  }
})
