import type en from './en'

/** The same keys, with a text of another language at each. */
export type TextsLike<T> = {
  readonly [K in keyof T]: T[K] extends string ? string : TextsLike<T[K]>
}

/** A language is complete when it has a text for every key of the English catalogue; the compiler checks it. */
export type Catalogue = TextsLike<typeof en>
