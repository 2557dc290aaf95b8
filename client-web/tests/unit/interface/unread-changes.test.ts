import { describe, expect, it } from 'vitest'
import { unreadChanges } from '@/composables/unread-changes'
import { conversationWith } from '@/messenger/contract'
import type { Conversation } from '@/messenger/contract'

function chat(id: string, unread: number, over: Partial<Conversation> = {}): Conversation {
  return {
    id: conversationWith(id),
    username: id,
    name: id,
    isNotes: false,
    last: null,
    activeAt: 0,
    unread,
    markedUnread: false,
    muted: false,
    mutedUntil: null,
    pinned: false,
    archived: false,
    typing: false,
    timer: 0,
    draft: '',
    sendsAgainAt: null,
    ...over,
  }
}
const ids = (chats: readonly Conversation[]) => chats.map(({ id }) => id)

describe('what came in', () => {
  it('is nothing at the first look, however much is unread', () => {
    const first = unreadChanges(null, [chat('anna', 3)])
    expect(first.grown).toEqual([])
    expect(first.unread.get(conversationWith('anna'))).toBe(3)
  })

  it('is what has more unread than before, a chat not seen before included', () => {
    const { unread } = unreadChanges(null, [chat('anna', 1), chat('ben', 0)])
    const { grown } = unreadChanges(unread, [chat('clara', 1), chat('anna', 2), chat('ben', 0)])
    expect(ids(grown)).toEqual(['clara', 'anna'])
  })

  it('leaves out muted chats and those that only got fewer', () => {
    const { unread } = unreadChanges(null, [chat('anna', 5), chat('ben', 0)])
    const { grown } = unreadChanges(unread, [chat('anna', 2), chat('ben', 4, { muted: true })])
    expect(grown).toEqual([])
  })

  it('names the chats that were read or removed, once', () => {
    const { unread } = unreadChanges(null, [chat('anna', 5), chat('ben', 2), chat('clara', 0)])
    const second = unreadChanges(unread, [chat('anna', 0), chat('clara', 0)])
    expect(second.read).toEqual(['anna', 'ben'])
    expect(unreadChanges(second.unread, [chat('anna', 0), chat('clara', 0)]).read).toEqual([])
  })
})
