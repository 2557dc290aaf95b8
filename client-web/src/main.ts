import { until } from '@vueuse/core'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { useToasts } from './composables/toasts'
import { watchCrashes } from './crash'
import { i18n, setLanguage } from './i18n'
import { createMessenger } from './messenger/messenger'
import { watchLateParts } from './platform/late-parts'
import { missingIn } from './platform/requirements'
import { openPlatform } from '@/platform/device/open'
import { shell } from '@/platform/device/shell'
import { watchUpdates } from '@/platform/device/updates'
import { router } from './router'
import { shellEvents } from './router/shell-events'
import { messengerKey } from '@/stores/injected-messenger'
import { useAppStore } from './stores'
import { storesView } from './stores/view'
import './styles/main.css'
import UnsupportedScreen from './views/UnsupportedScreen.vue'

async function start(): Promise<void> {
  const app = createApp(App).use(createPinia())
  watchCrashes(app)
  const view = storesView()
  const updates = watchUpdates(() => view.app({ updateReady: true }))
  let partsGone = 0
  watchLateParts({
    outdated: () => view.app({ updateReady: true, partsGone: ++partsGone }),
    unreachable: () => useToasts().show(i18n.global.t('system.partMissing')),
  })
  const { messenger, boot } = createMessenger({ platform: await openPlatform(), view, updates })
  app.provide(messengerKey, messenger)
  // The views of a route are fetched once there is something to show in them, not behind the welcome.
  const { state } = useAppStore()
  const ready = until(() => state.phase).toBe('ready')
  router.beforeEach(async () => void (await ready))
  app.use(i18n).use(router).mount('#app')
  shell.attach(shellEvents(router))
  await boot()
}

const missing = missingIn(window)
if (missing) {
  createApp(UnsupportedScreen, { missing }).use(i18n).mount('#app')
  await setLanguage('system')
} else {
  await start()
}
