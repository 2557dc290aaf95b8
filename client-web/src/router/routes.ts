import type { RouteRecordRaw } from 'vue-router'
import { completeTexts } from '@/i18n'

declare module 'vue-router' {
  interface RouteMeta {
    /** The pane a phone shows: 0 list, 1 main, 2 details. */
    depth: 0 | 1 | 2
    /** Where "back" leads when there is no history to go back to. */
    parent?: string
  }
}

// The first views of everyone come in one chunk with the shell; each other view is fetched when it is first needed.
const ConversationList = () => import('@/views/ConversationList.vue')
const NothingOpen = () => import('@/views/NothingOpen.vue')
const ChatView = () => import('@/views/ChatView.vue')
/** With texts that the chats do without. */
const late =
  <T>(load: () => Promise<T>) =>
  async (): Promise<T> =>
    (await Promise.all([load(), completeTexts()]))[0]
const SettingsMenu = late(() => import('@/views/settings/SettingsMenu.vue'))

/** Named outlets: `side` the left pane, `main` the middle, `details` the third or the overlay. */
export const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/chats' },
  {
    path: '/chats',
    name: 'chats',
    components: { side: ConversationList, main: NothingOpen },
    meta: { depth: 0 },
  },
  {
    path: '/archived',
    name: 'archived',
    components: { side: ConversationList, main: NothingOpen },
    props: { side: { archived: true }, main: false },
    meta: { depth: 0, parent: 'chats' },
  },
  {
    path: '/starred',
    name: 'starred',
    components: { side: late(() => import('@/views/StarredList.vue')), main: NothingOpen },
    props: { side: ({ query }) => ({ chat: query['chat'] }), main: false },
    meta: { depth: 0, parent: 'chats' },
  },
  {
    path: '/requests',
    name: 'requests',
    components: { side: () => import('@/views/RequestList.vue'), main: NothingOpen },
    meta: { depth: 0, parent: 'chats' },
  },
  {
    path: '/requests/:id',
    name: 'request',
    components: { side: () => import('@/views/RequestList.vue'), main: ChatView },
    props: { side: false, main: true },
    meta: { depth: 1, parent: 'requests' },
  },
  {
    path: '/chats/:id',
    name: 'chat',
    components: { side: ConversationList, main: ChatView },
    props: { side: false, main: true },
    meta: { depth: 1, parent: 'chats' },
  },
  {
    path: '/chats/:id/contact',
    name: 'contact',
    components: {
      side: ConversationList,
      main: ChatView,
      details: () => import('@/views/ContactView.vue'),
    },
    props: { side: false, main: true, details: true },
    meta: { depth: 2, parent: 'chat' },
  },
  // `ORIGIN/#/add/@name#FINGERPRINT`: the person still presses the button.
  {
    path: '/add/:code(@[^/]+)',
    redirect: ({ params, hash }) => ({
      name: 'add',
      params: { tab: 'enter' },
      query: { code: `${String(params['code'])}${hash}` },
      hash: '',
    }),
  },
  {
    path: '/add/:tab(code|scan|enter)?',
    name: 'add',
    components: { side: ConversationList, main: () => import('@/views/AddContactView.vue') },
    props: { side: false, main: (to) => ({ ...to.params, ...to.query }) },
    meta: { depth: 1, parent: 'chats' },
  },
  {
    path: '/settings',
    name: 'settings',
    components: {
      side: SettingsMenu,
      main: late(() => import('@/views/settings/SettingsNothing.vue')),
    },
    meta: { depth: 0, parent: 'chats' },
  },
  ...(
    [
      ['account', () => import('@/views/settings/AccountSettings.vue')],
      ['devices', () => import('@/views/settings/DeviceSettings.vue')],
      ['backup', () => import('@/views/settings/BackupSettings.vue')],
      ['storage', () => import('@/views/settings/StorageSettings.vue')],
      ['privacy', () => import('@/views/settings/PrivacySettings.vue')],
      ['notifications', () => import('@/views/settings/NotificationSettings.vue')],
      ['appearance', () => import('@/views/settings/AppearanceSettings.vue')],
      ['language', () => import('@/views/settings/LanguageSettings.vue')],
      ['security', () => import('@/views/settings/SecurityLog.vue')],
    ] as const
  ).map(([name, view]): RouteRecordRaw => ({
    path: `/settings/${name}`,
    name: `settings-${name}`,
    components: { side: SettingsMenu, main: late<unknown>(view) as typeof view },
    meta: { depth: 1, parent: 'settings' },
  })),
  { path: '/:rest(.*)*', redirect: '/chats' },
]
