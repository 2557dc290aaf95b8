import type { Catalogue } from './catalogue'

export type Language = 'en' | 'de'

/** Each language with its own name for itself and, except the fallback, a loader: one chunk per language. */
export const languages: readonly { readonly code: Language; readonly name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'de', name: 'Deutsch' },
]

export const loaders: Record<Exclude<Language, 'en'>, () => Promise<{ default: Catalogue }>> = {
  de: () => import('./de'),
}

const rightToLeft = /^(ar|dv|fa|he|ku-arab|ps|sd|ug|ur|yi)\b/i

export function direction(tag: string): 'ltr' | 'rtl' {
  return rightToLeft.test(tag) ? 'rtl' : 'ltr'
}

/** The first of the person's languages that we speak. */
export function pickLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0]
    const found = languages.find((language) => language.code === base)
    if (found) return found.code
  }
  return 'en'
}
