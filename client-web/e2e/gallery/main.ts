/**
 * `?scene=NAME&theme=dark&lang=de&dir=rtl` shows that scene; with `&full=markRead,unblock` these
 * commands find no space left on the device. `window.gallery.show(query)` shows another one in the same page,
 * which is much less work than to load the page once more.
 */
import { createPinia } from 'pinia'
import { type App as VueApp, createApp } from 'vue'
import App from '../../src/App.vue'
import { MessengerError } from '../../src/messenger/contract'
import { completeTexts, i18n } from '../../src/i18n'
import { router } from '../../src/router'
import { messengerKey, useSettingsStore } from '../../src/stores'
import '../../src/styles/main.css'
import CrashScreen from '../../src/views/CrashScreen.vue'
import UnsupportedScreen from '../../src/views/UnsupportedScreen.vue'
import { galleryMessenger } from './messenger'
import type { Scene } from './scene-fills'
import { scenes } from './scenes'

let shown: VueApp | null = null

async function show(search: string): Promise<void> {
  const query = new URLSearchParams(search)
  const scene = scenes[(query.get('scene') ?? 'chat') as keyof typeof scenes] as Scene | undefined
  if (!scene) throw new Error(`no such scene; there are: ${Object.keys(scenes).join(', ')}`)
  shown?.unmount()

  const app = createApp(App)
  app.use(createPinia()).use(i18n)
  const full = query.get('full')?.split(',') ?? []
  const failing = Object.fromEntries(full.map((name) => [name, new MessengerError('storage_full')]))
  const data = { messages: {}, failing, ...scene.fill() }
  const settings = useSettingsStore()
  settings.state.theme = query.get('theme') === 'dark' ? 'dark' : 'light'
  settings.state.language = query.get('lang') ?? 'en'
  app.provide(messengerKey, galleryMessenger(data))
  if (scene.crashed || scene.missing) {
    shown = scene.missing
      ? createApp(UnsupportedScreen, { missing: scene.missing }).use(i18n)
      : createApp(CrashScreen, { error: scene.crashed }).use(i18n)
    document.documentElement.dataset['theme'] = settings.state.theme
  } else {
    await router.replace(scene.path)
    shown = app.use(router)
    await router.isReady()
  }
  shown.mount('#app')

  const dir = query.get('dir')
  if (dir) setTimeout(() => (document.documentElement.dir = dir), 50)
}

await completeTexts()
Object.assign(window, { gallery: { show } })
await show(location.search)
