/** Copies text and confirms it, or reports that the browser refused. */
import { useI18n } from 'vue-i18n'
import { useToasts } from './toasts'

export function useCopy(): (text: string, done?: string) => Promise<void> {
  const { t } = useI18n()
  const toasts = useToasts()
  return async (text, done) => {
    const copied = await write(text)
    toasts.show(copied ? (done ?? t('common.copied')) : t('common.notCopied'))
  }
}

/** Returns false if neither way works. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copySelection(text)
  }
}

/**
 * For older web views without the clipboard API. The field is inside an open dialog, because a dialog keeps the
 * focus within itself.
 */
function copySelection(text: string): boolean {
  const before = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.className = 'sr-only'
  const place = before?.closest('[role="dialog"]') ?? document.body
  place.append(field)
  field.select()
  const copied = document.execCommand('copy')
  field.remove()
  if (before instanceof HTMLElement) before.focus()
  return copied
}
