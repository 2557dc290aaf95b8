/**
 * `?scene=NAME&theme=dark&lang=de&dir=rtl` shows that scene; with `&full=markRead,unblock` these
 * commands find no space left on the device.
 */
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from '../../src/App.vue'
import { MessengerError } from '../../src/messenger/contract'
import { i18n } from '../../src/i18n'
import { router } from '../../src/router'
import { messengerKey, useSettingsStore } from '../../src/stores'
import '../../src/styles/main.css'
import CrashScreen from '../../src/views/CrashScreen.vue'
import { galleryMessenger } from './messenger'
import { type Scene, scenes } from './scenes'

const query = new URLSearchParams(location.search)
const scene = scenes[(query.get('scene') ?? 'chat') as keyof typeof scenes] as Scene | undefined
if (!scene) throw new Error(`no such scene; there are: ${Object.keys(scenes).join(', ')}`)

const app = createApp(App)
app.use(createPinia()).use(i18n)
const full = query.get('full')?.split(',') ?? []
const failing = Object.fromEntries(full.map((name) => [name, new MessengerError('storage_full')]))
const data = { messages: {}, failing, ...scene.fill() }
const settings = useSettingsStore()
settings.state.theme = query.get('theme') === 'dark' ? 'dark' : 'light'
settings.state.language = query.get('lang') ?? 'en'
app.provide(messengerKey, galleryMessenger(data))
if (scene.crashed) {
  createApp(CrashScreen, { error: scene.crashed }).use(i18n).mount('#app')
  document.documentElement.dataset['theme'] = settings.state.theme
} else {
  await router.replace(scene.path)
  app.use(router)
  await router.isReady()
  app.mount('#app')
}

const dir = query.get('dir')
if (dir) setTimeout(() => (document.documentElement.dir = dir), 50)
