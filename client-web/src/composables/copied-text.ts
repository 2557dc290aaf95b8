/** Messages as text for the clipboard: one as it is, several each on a line of its own that says when and by whom. */
import type { Message } from '@/messenger/contract'

export interface CopyWords {
  nameOf(message: Message): string
  /** Date and time. */
  when(at: number): string
}

export function copiedText(messages: readonly Message[], { nameOf, when }: CopyWords): string {
  const [first, ...others] = messages.filter((message) => contentOf(message) !== '')
  if (!first) return ''
  if (others.length === 0) return contentOf(first)
  const line = (message: Message): string =>
    `[${when(message.sentAt)}] ${nameOf(message)}: ${contentOf(message)}`
  return [first, ...others].map(line).join('\n')
}

/** Files by their names, then the text. */
function contentOf({ files = [], text }: Message): string {
  const names = files.map(({ name }) => name).join(', ')
  return [names, text].filter((part) => part !== '').join('\n')
}
