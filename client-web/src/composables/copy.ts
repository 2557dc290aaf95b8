/** Copies text and says so, or that the browser refused. */
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

/** False where neither way is open. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copySelection(text)
  }
}

/** Older web views have no other way. A dialog keeps the focus within itself, so the field stands in it. */
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
