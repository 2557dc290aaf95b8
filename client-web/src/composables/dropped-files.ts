/** Files that come by drag and drop or from the clipboard, wherever on the page. */
import { type Ref, readonly, ref } from 'vue'
import { useEventListener } from '@vueuse/core'

const filesIn = (data: DataTransfer | null): File[] => [...(data?.files ?? [])]
const bringsFiles = ({ dataTransfer }: DragEvent): boolean =>
  [...(dataTransfer?.types ?? [])].includes('Files')

/** `wanted`: whether they can be taken now. The result: files are held over the page, and are wanted. */
export function useDroppedFiles(
  take: (files: File[]) => void,
  wanted: () => boolean,
): Readonly<Ref<boolean>> {
  const over = ref(false)
  /** Each nested element is entered and left. */
  let depth = 0
  const end = (): void => {
    depth = 0
    over.value = false
  }
  useEventListener(document, 'dragenter', (event: DragEvent) => {
    if (!bringsFiles(event)) return
    depth += 1
    over.value = wanted()
  })
  useEventListener(document, 'dragleave', (event: DragEvent) => {
    if (!bringsFiles(event)) return
    depth -= 1
    if (depth <= 0) end()
  })
  // Without these the browser would leave the page for the file.
  useEventListener(document, 'dragover', (event: DragEvent) => {
    if (bringsFiles(event)) event.preventDefault()
  })
  useEventListener(document, 'drop', (event: DragEvent) => {
    if (!bringsFiles(event)) return
    event.preventDefault()
    end()
    const files = filesIn(event.dataTransfer)
    if (files.length > 0 && wanted()) take(files)
  })
  useEventListener(document, 'paste', (event: ClipboardEvent) => {
    const files = filesIn(event.clipboardData)
    if (files.length === 0 || !wanted()) return
    event.preventDefault()
    take(files)
  })
  return readonly(over)
}
