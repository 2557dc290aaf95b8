import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'

/**
 * The policy that a relay sends with the page also stands in the page: for hosts of plain files, and for the phones'
 * shells. Only `frame-ancestors` has no meaning there. Not in development, where styles come as scripts.
 */
export function policyMeta(changes: Readonly<Record<string, string>> = {}): Plugin {
  const file = new URL('../policy.json', import.meta.url)
  const directives = { ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...changes }
  const content = Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ')
  return {
    name: 'policy-meta',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content },
        injectTo: 'head-prepend',
      },
    ],
  }
}
