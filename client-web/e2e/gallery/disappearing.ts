/** A chat whose messages disappear. */
import { HOUR, MINUTE, NOW, message } from './people'
import { pin, scene } from './scene-fills'

const expiry = (sent: number) => ({ seconds: 3600, at: sent + HOUR })

const passing = () => [
  message('anna', { text: 'Are you still coming on Sunday?', sentAt: NOW - 3 * HOUR }),
  message('anna', {
    kind: 'notice',
    notice: { type: 'timer', seconds: 86_400, mine: false },
    sentAt: NOW - 2 * HOUR,
  }),
  message('anna', {
    kind: 'notice',
    notice: { type: 'timer', seconds: 3600, mine: true },
    sentAt: NOW - 50 * MINUTE,
  }),
  message('anna', {
    direction: 'out',
    text: 'The code for the door is 4711. Ring twice, the neighbours know.',
    sentAt: NOW - 45 * MINUTE,
    expiry: expiry(NOW - 45 * MINUTE),
    edited: {
      at: NOW - 44 * MINUTE,
      before: [{ text: 'The code for the door is 4712.', at: NOW - 45 * MINUTE }],
    },
  }),
  message('anna', {
    text: 'Thanks, noted',
    sentAt: NOW - 30 * MINUTE,
    expiry: expiry(NOW - 30 * MINUTE),
    reactions: [{ mine: true, emoji: '👍' }],
  }),
  message('anna', {
    direction: 'out',
    text: 'See you',
    sentAt: NOW - 2 * MINUTE,
    expiry: expiry(NOW - 2 * MINUTE),
  }),
]

export const disappearing = (path = '/chats/id-anna') =>
  scene(path, () => {
    pin('id-anna', { timer: 3600 })
    return { messages: { 'id-anna': passing() } }
  })
