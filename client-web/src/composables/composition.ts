/**
 * Whether a key press belongs to an input method (Japanese, Chinese, dead keys): it picks or
 * confirms a word, and must not act on the page. Safari sends the Enter that confirms after
 * `compositionend`, where only the key code 229 still marks it.
 */
export function isForInputMethod(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === INPUT_METHOD
}

/** The code of a key that the input method handles (UI Events, "keyCode"). */
const INPUT_METHOD = 229
