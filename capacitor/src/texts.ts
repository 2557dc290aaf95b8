import type { Catalogue } from '@/i18n/catalogue'
import type { Language } from '@/i18n/languages'
import de from './texts/de'
import en from './texts/en'
import { merged } from './texts/merged'

const texts = { en, de } as const satisfies Record<Language, unknown>

/** The phone's texts stand in place of a browser's; `phone.…` are texts that no browser has. */
export function deviceTexts(language: Language, catalogue: Catalogue): Catalogue {
  const { instead, ...own } = texts[language]
  return { ...own, ...merged(catalogue, instead) }
}
