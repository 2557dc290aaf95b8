/**
 * A dialog whose code is fetched when it is first opened. If the code cannot be fetched, the dialog stays closed,
 * `platform/late-parts.ts` reports the reason, and the next press fetches again.
 */
import { completeTexts } from '@/i18n'
import { type Component, type Ref, ref, shallowReadonly, shallowRef } from 'vue'

export interface LateDialog {
  /** Null until it is fetched. */
  readonly dialog: Readonly<Ref<Component | null>>
  readonly open: Ref<boolean>
  show(): Promise<void>
}

export function useLateDialog(load: () => Promise<{ default: Component }>): LateDialog {
  const dialog = shallowRef<Component | null>(null)
  const open = ref(false)
  async function show(): Promise<void> {
    try {
      dialog.value ??= (await Promise.all([load(), completeTexts()]))[0].default
    } catch {
      // Vite's loader has raised the event that `watchLateParts` listens for.
      return
    }
    open.value = true
  }
  return { dialog: shallowReadonly(dialog), open, show }
}
