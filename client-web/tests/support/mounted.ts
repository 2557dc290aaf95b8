/** Parts of the interface on a page of their own, over a messenger that the test makes up. */
import { createPinia } from 'pinia'
import { type App, type Component, createApp, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { Router } from 'vue-router'
import '@/i18n/late'
import '@/i18n/late-settings'
import { i18n } from '@/i18n'
import type { Messenger } from '@/messenger/contract'
import { routes } from '@/router/routes'
import { messengerKey } from '@/stores'

const mounted: App[] = []

export interface Mounted {
  root: HTMLElement
  router: Router
  /** What failed while it was drawn. */
  faults: unknown[]
}

export function mount(
  component: Component,
  props: Record<string, unknown> | (() => Record<string, unknown>),
  messenger: Partial<Messenger> = {},
): Mounted {
  const faults: unknown[] = []
  const root = document.body.appendChild(document.createElement('div'))
  const given = typeof props === 'function' ? props : () => props
  const app = createApp({ render: () => h(component, given()) })
  app.config.errorHandler = (error) => void faults.push(error)
  const router = createRouter({ history: createMemoryHistory(), routes })
  app
    .use(createPinia())
    .use(i18n)
    .use(router)
    .provide(messengerKey, messenger as Messenger)
  app.mount(root)
  mounted.push(app)
  return { root, router, faults }
}

/** For `afterEach`. */
export function unmountAll(): void {
  for (const app of mounted.splice(0)) app.unmount()
  document.body.replaceChildren()
}

export const byTestId = (id: string): HTMLElement | null =>
  document.querySelector<HTMLElement>(`[data-testid="${id}"]`)

export const buttonNamed = (text: string): HTMLButtonElement | undefined =>
  [...document.querySelectorAll('button')].find((one) => one.textContent?.trim() === text)
