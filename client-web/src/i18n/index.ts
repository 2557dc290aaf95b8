/**
 * The texts of the interface. English is always there, as far as views are: each part of it comes with those that use
 * it. Another language is loaded whole when chosen, and only then takes over, so that no half-translated screen is ever
 * seen. Messages are interpreted, never compiled with eval: the page's policy forbids it.
 */
import { createI18n } from 'vue-i18n'
import { deviceTexts } from '@/platform/device/texts'
import type { Catalogue } from './catalogue'
import first from './en/first'
import { direction, type Language, loaders, pickLanguage } from './languages'

export const i18n = createI18n<[Catalogue], Language, false>({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en: deviceTexts('en', first as Catalogue) } as unknown as Record<Language, Catalogue>,
})

/** Part of the catalogue, which came with the views that use it. */
export function addEnglish(part: Partial<Catalogue>): void {
  i18n.global.mergeLocaleMessage('en', deviceTexts('en', part as Catalogue))
}

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
