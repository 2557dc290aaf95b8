/**
 * Whether a key press belongs to an input method (Japanese, Chinese, dead keys). It chooses or confirms a word
 * there, and must not act on the page. Safari sends the confirming Enter after `compositionend`; only its key code
 * 229 marks it.
 */
export function isForInputMethod(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === INPUT_METHOD
}

/** Key code of a press that an input method handles (UI Events, "keyCode"). */
const INPUT_METHOD = 229
