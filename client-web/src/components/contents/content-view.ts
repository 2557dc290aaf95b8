import type { Component } from 'vue'
import type { Message } from '@/messenger/contract'

/** How a content is shown. */
export interface ContentView {
  /** Inside the bubble: takes the `message`. */
  readonly bubble: Component
  /** In one line, as plain text. `t` finds a text by its key. */
  line(message: Message, t: (key: LineKey) => string): string
}

export type LineKey =
  | 'chat.unsupported'
  | 'chat.invisible'
  | 'chat.deleted'
  | 'chat.deletedMine'
  | 'chat.awaited.fetching'
  | 'chat.awaited.lost'
