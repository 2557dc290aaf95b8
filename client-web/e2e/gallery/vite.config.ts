/** The gallery: the real views over stores filled with fixtures. Never part of the product's build. */
import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { alias } from '../../vite.alias'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The policy the relay serves the client with. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "font-src 'self'",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export default defineConfig({
  root: here('.'),
  publicDir: here('../../public'),
  plugins: [vue(), tailwindcss()],
  resolve: { alias },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: {
    target: 'es2022',
    outDir: here('../../.artifacts/gallery'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // One script: every scene is loaded anew, and sixty small requests take longer than the scene.
    rolldownOptions: { output: { codeSplitting: false } },
  },
  preview: {
    host: '127.0.0.1',
    // Each run has a port and a browser of its own; within it nothing changes.
    headers: { 'Content-Security-Policy': policy, 'Cache-Control': 'max-age=3600, immutable' },
  },
})
