/** The writing direction of a text by its first strong letter, as `dir="auto"` has it, but known before drawing. */
const strong = /[\p{L}]/u
const rightToLeft =
  /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u

export function textDirection(text: string): 'ltr' | 'rtl' {
  const first = strong.exec(text)?.[0]
  return first !== undefined && rightToLeft.test(first) ? 'rtl' : 'ltr'
}
