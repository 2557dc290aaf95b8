/** A chat in which people took words back, and some could not be read. */
import { HOUR, MINUTE, NOW, message } from './people'
import { conversationWith } from '../../src/messenger/contract'
import type { UserId } from '../../src/messenger/contract'
import { useMarksStore } from '../../src/stores'
import { scene } from './scene-fills'

const thoughts = () => [
  message('anna', { text: 'Dinner at eight on Friday?', sentAt: NOW - 3 * HOUR }),
  message('anna', {
    direction: 'out',
    text: 'Friday is fine, I bring the wine',
    sentAt: NOW - 170 * MINUTE,
    edited: {
      at: NOW - 168 * MINUTE,
      before: [
        { text: 'Thursday is fine', at: NOW - 170 * MINUTE },
        { text: 'Friday is fine', at: NOW - 169 * MINUTE },
      ],
    },
    reactions: [
      { mine: false, emoji: '🍷' },
      { mine: true, emoji: '😂' },
    ],
  }),
  message('anna', { kind: 'deleted', sentAt: NOW - 100 * MINUTE }),
  message('anna', { kind: 'awaited', sentAt: NOW - 60 * MINUTE, lost: true, encryption: null }),
  message('anna', {
    text: 'Ben comes as well. He asks whether there is room for his dog, the small one',
    sentAt: NOW - 40 * MINUTE,
    edited: { at: NOW - 39 * MINUTE, before: [{ text: 'Ben comes', at: NOW - 40 * MINUTE }] },
    reactions: [
      { mine: true, emoji: '❤️' },
      { mine: false, emoji: '❤️' },
    ],
  }),
  message('anna', { direction: 'out', kind: 'deleted', sentAt: NOW - 30 * MINUTE }),
  message('anna', { kind: 'awaited', sentAt: NOW - 20 * MINUTE, encryption: null }),
  message('anna', { direction: 'out', text: 'Of course there is', sentAt: NOW - 2 * MINUTE }),
]

export const secondThoughts = scene('/chats/id-anna', () => ({
  messages: { 'id-anna': thoughts() },
}))

/** Some have a star, and two are pinned. */
const mark = () => {
  const messages = thoughts()
  const ids = messages.filter(({ kind }) => kind === 'text').map(({ id }) => id)
  const marks = useMarksStore()
  marks.starred = new Set(ids.slice(0, 3))
  marks.pinned = new Map([[conversationWith('id-anna' as UserId), ids.slice(1, 3)]])
  return { messages: { 'id-anna': messages } }
}
export const markedMessages = scene('/chats/id-anna', mark)
export const starredList = scene('/starred', mark)
