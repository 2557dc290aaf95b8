import type en from './en'

/** A language is complete when it has a text for every key of the English catalogue; the compiler checks it. */
type Texts<T> = { readonly [K in keyof T]: T[K] extends string ? string : Texts<T[K]> }

export type Catalogue = Texts<typeof en>
