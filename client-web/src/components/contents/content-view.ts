import type { Component } from 'vue'
import type { FileKind, Message } from '@/messenger/contract'

/** How one kind of content is shown. */
export interface ContentView {
  /** The component inside the bubble; its prop is `message`. */
  readonly bubble: Component
  /** One line of plain text. `t` returns the text of a key. */
  line(message: Message, t: (key: LineKey) => string): string
}

export type LineKey =
  | 'chat.unsupported'
  | 'chat.invisible'
  | 'chat.deleted'
  | 'chat.deletedMine'
  | 'chat.awaited.fetching'
  | 'chat.awaited.lost'
  | `files.kind.${FileKind}`
  | `files.kinds.${FileKind}`
