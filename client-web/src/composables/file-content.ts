/** The content of a message's file, as an address that this page can show. */
import { computed, onBeforeUnmount, shallowRef } from 'vue'
import type { Ref } from 'vue'
import type { FileState, Message, MessageFile } from '@/messenger/contract'
import { useFilesStore, useMessenger } from '@/stores'
import { useChatFiles } from './chat-files'
import type { Shown } from './chat-files'
import { useToastErrors } from './error-toasts'

/** Fetched when it comes into sight, without asking: pictures and voice up to this many bytes. */
const UNASKED = 16_000_000

export interface FileContent {
  readonly shown: Readonly<Ref<Shown | null>>
  readonly state: Readonly<Ref<FileState | undefined>>
  /** On its way to this device or from it. */
  readonly moving: Readonly<Ref<boolean>>
  load(): Promise<void>
  cancel(): void
}

export function useFileContent(message: () => Message, file: () => MessageFile): FileContent {
  const messenger = useMessenger()
  const store = useFilesStore()
  const chat = useChatFiles()
  const toastErrors = useToastErrors()
  const shown = shallowRef<Shown | null>(chat?.shown(file().id) ?? null)
  const state = computed(() => store.byId.get(file().id))
  let gone = false

  async function fetch(unasked: boolean): Promise<void> {
    const { id } = file()
    const content = await messenger.openFile(message().id, id, unasked)
    if (!gone) shown.value = chat?.shown(id) ?? chat?.keep(id, content) ?? null
  }
  const isUnasked = (): boolean => {
    const { kind, size } = file()
    if (state.value?.phase === 'gone' || state.value?.phase === 'broken') return false
    return (kind === 'image' || kind === 'voice') && size <= UNASKED
  }
  // What fails unasked shows in its state; the next press says why.
  if (shown.value === null && chat && isUnasked()) void fetch(true).catch(() => undefined)
  onBeforeUnmount(() => (gone = true))

  return {
    shown,
    state,
    moving: computed(() => state.value?.phase === 'up' || state.value?.phase === 'down'),
    async load() {
      if (shown.value !== null) return
      const work = fetch(false)
      toastErrors(work)
      await work.catch(() => undefined)
    },
    cancel: () => toastErrors(messenger.cancelDownload(file().id)),
  }
}
