/** All emoji with their names and words to find them by, in the language of the app; fetched when used. */
import { type Ref, ref, shallowReadonly, shallowRef, watchEffect } from 'vue'
import { useI18n } from 'vue-i18n'
import type { CompactEmoji } from 'emojibase'
import type { Language } from '@/i18n/languages'

export interface EmojiEntry {
  readonly emoji: string
  readonly label: string
  /** Lower case: name and words. */
  readonly words: string
}

export interface EmojiGroup {
  readonly name: string
  readonly entries: readonly EmojiEntry[]
}

/** Those of skin tones and hair: no emoji by themselves. */
const COMPONENTS = 2

const loaders: Record<Language, () => Promise<[CompactEmoji[], { message: string }[]]>> = {
  en: async () => [
    (await import('emojibase-data/en/compact.json')).default,
    (await import('emojibase-data/en/messages.json')).default.groups,
  ],
  de: async () => [
    (await import('emojibase-data/de/compact.json')).default,
    (await import('emojibase-data/de/messages.json')).default.groups,
  ],
}

function grouped(
  all: readonly CompactEmoji[],
  names: readonly { message: string }[],
): EmojiGroup[] {
  const sorted = all.toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0))
  return names.flatMap(({ message: name }, group) => {
    if (group === COMPONENTS) return []
    const entries = sorted
      .filter((one) => one.group === group)
      .map(({ unicode: emoji, label, tags = [] }) => {
        return { emoji, label, words: [label, ...tags].join(' ').toLowerCase() }
      })
    return [{ name, entries }]
  })
}

/** Those whose name or words have each of the words typed as a beginning; an emoji finds itself. */
export function findEmoji(groups: readonly EmojiGroup[], typed: string): readonly EmojiEntry[] {
  const wanted = typed.trim().toLowerCase().split(/\s+/)
  const all = groups.flatMap(({ entries }) => entries)
  return all.filter(
    ({ emoji, words }) =>
      emoji === typed.trim() || wanted.every((word) => ` ${words}`.includes(` ${word}`)),
  )
}

/** Null until they were fetched. `failed`: they could not be. */
export function useEmojiData(): {
  groups: Readonly<Ref<readonly EmojiGroup[] | null>>
  failed: Readonly<Ref<boolean>>
} {
  const { locale } = useI18n()
  const groups = shallowRef<readonly EmojiGroup[] | null>(null)
  const failed = ref(false)
  watchEffect(async () => {
    const load = loaders[locale.value.startsWith('de') ? 'de' : 'en']
    try {
      groups.value = grouped(...(await load()))
      failed.value = false
    } catch {
      failed.value = true
    }
  })
  return { groups: shallowReadonly(groups), failed }
}
