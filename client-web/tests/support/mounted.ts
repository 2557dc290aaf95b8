/** Parts of the interface on a page of their own, over a messenger that the test makes up. */
import { createPinia } from 'pinia'
import { type App, type Component, createApp, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { Router } from 'vue-router'
import { i18n } from '@/i18n'
import type { Contact, Message, Messenger } from '@/messenger/contract'
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

export const aContact = (over: Partial<Contact> = {}): Contact => ({
  userId: '22222222-2222-4222-8222-222222222222',
  username: 'anna',
  code: '@anna#AAAAAAAA',
  fingerprint: 'AAAAAAAA',
  identity: 'A'.repeat(53),
  trust: 'unverified',
  changedIdentity: null,
  relation: 'contact',
  blocked: false,
  online: false,
  addedAt: 1,
  verifiedAt: null,
  ...over,
})

export const aMessage = (over: Partial<Message> = {}): Message => ({
  id: '33333333-3333-4333-8333-333333333333',
  conversation: aContact().userId,
  direction: 'in',
  status: 'received',
  kind: 'text',
  text: 'hello',
  replyTo: null,
  notice: null,
  problem: null,
  sentAt: 1_700_000_000_000,
  order: 1,
  acceptedAt: null,
  deliveredAt: null,
  readAt: null,
  encryption: null,
  ...over,
})
