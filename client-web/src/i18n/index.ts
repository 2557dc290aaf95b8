/**
 * The texts of the interface. English is always there, of the first screen at once; another language is loaded when chosen
 * and only then takes over, so that no half-translated screen is ever seen. Messages are
 * interpreted, never compiled with eval: the page's policy forbids it.
 */
import { createI18n } from 'vue-i18n'
import { deviceTexts } from '@/platform/device/texts'
import type { Catalogue } from './catalogue'
import start from './en/start'
import { direction, type Language, loaders, pickLanguage } from './languages'

export const i18n = createI18n<[Catalogue], Language, false>({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en: deviceTexts('en', start as Catalogue) } as unknown as Record<Language, Catalogue>,
})

type Part = () => Promise<{ default: object }>

/** Fetches a part of the English texts, once. */
function part(load: Part): () => Promise<void> {
  let loading: Promise<void> | null = null
  return () => {
    loading ??= load().then(({ default: texts }) => {
      const all = { ...i18n.global.getLocaleMessage('en'), ...texts }
      i18n.global.setLocaleMessage('en', deviceTexts('en', all))
    })
    return loading.catch((cause: unknown) => {
      loading = null
      throw cause
    })
  }
}

/** English until a chat is drawn: awaited before the chats are. */
export const chatTexts = part(() => import('./en/chats'))
/** All of English: awaited by whatever is fetched after the chats, before it is drawn. */
export const completeTexts = part(() => import('./en'))

const loaded = new Set<Language>(['en'])

/** Switches the interface, `<html lang dir>` included. `system` follows the browser's list. */
export async function setLanguage(setting: string): Promise<Language> {
  const language = pickLanguage(setting === 'system' ? navigator.languages : [setting])
  if (language !== 'en' && !loaded.has(language)) {
    const { default: catalogue } = await loaders[language]()
    i18n.global.setLocaleMessage(language, deviceTexts(language, catalogue))
    loaded.add(language)
  }
  i18n.global.locale.value = language
  document.documentElement.lang = language
  document.documentElement.dir = direction(language)
  return language
}
