/** A lived-in account: a dozen conversations in every state the list can show. */
import type { Contact, Conversation, Message, SecurityEvent } from '../../src/messenger/contract'
import { DAY, HOUR, MINUTE, NOW, contact, conversation, identityOf, message } from './people'

export const contacts: Contact[] = [
  contact('anna', { trust: 'verified', verifiedAt: NOW - 12 * DAY, online: true }),
  contact('ben_k', { online: true }),
  contact('clara', { trust: 'changed', changedIdentity: identityOf('clara_new') }),
  contact('deniz', { alike: 'name' }),
  contact('emil_and_the_detectives_berlin', { trust: 'verified', verifiedAt: NOW - DAY }),
  contact('farah'),
  contact('grandpa', { nickname: 'Opa Horst' }),
  contact('hiking_club'),
  contact('ines', { blocked: true }),
  contact('jonas'),
  contact('kim'),
  contact('lena_old', {}),
  contact('milo', {}),
  {
    ...contact('deniz_2', { alike: 'name' }),
    username: 'deniz',
  },
]

function line(name: string, text: string, ago: number, over: Partial<Message> = {}): Message {
  return message(name, { text, sentAt: NOW - ago, ...over })
}

export const conversations: Conversation[] = [
  conversation('anna', {
    last: line('anna', 'Then I’ll bring the tent 🏕️', 2 * MINUTE),
    unread: 2,
    typing: false,
  }),
  conversation('ben_k', { typing: true, last: line('ben_k', 'Let me check', 9 * MINUTE) }),
  conversation('clara', {
    last: message('clara', {
      kind: 'notice',
      notice: { type: 'identity_changed' },
      sentAt: NOW - 34 * MINUTE,
    }),
  }),
  conversation('deniz', {
    last: line(
      'deniz',
      'Sent you the plan, tell me what you think when you have a minute',
      2 * HOUR,
      { direction: 'out', status: 'read' },
    ),
  }),
  {
    ...conversation('deniz_2', { last: line('deniz_2', 'New phone, who dis', 3 * HOUR) }),
    username: 'deniz',
  },
  conversation('emil_and_the_detectives_berlin', {
    last: line('emil_and_the_detectives_berlin', 'See you at the station', 5 * HOUR, {
      direction: 'out',
      status: 'delivered',
    }),
  }),
  conversation('farah', {
    draft: 'Happy birthday! I wanted to',
    last: line('farah', 'شكراً جزيلاً، أراك غداً', DAY),
  }),
  conversation('grandpa', {
    name: 'Opa Horst',
    last: line('grandpa', 'How do I make the letters bigger on this thing?', DAY + 3 * HOUR),
    unread: 1,
  }),
  conversation('hiking_club', {
    last: line('hiking_club', 'New route for Sunday: https://maps.example.org/r/8812', 2 * DAY),
    unread: 128,
    muted: true,
  }),
  conversation('ines', { last: line('ines', 'ok', 4 * DAY) }),
  conversation('jonas', {
    last: line('jonas', 'Waiting for the train', 6 * DAY, { direction: 'out', status: 'accepted' }),
  }),
  conversation('mara', {
    isNotes: true,
    last: line('mara', 'Key of the bike lock is under the blue pot', 7 * DAY, {
      direction: 'out',
      status: 'accepted',
    }),
  }),
  conversation('kim', {
    last: line('kim', 'Did you get home all right?', 12 * DAY, {
      direction: 'out',
      status: 'waiting',
    }),
  }),
  conversation('milo', { last: null, activeAt: NOW - 30 * DAY }),
  conversation('lena_old', {
    last: line('lena_old', 'Moved to my new account', 200 * DAY),
    archived: true,
  }),
]

function say(
  direction: 'in' | 'out',
  at: number,
  text: string,
  over: Partial<Message> = {},
): Message {
  return message('anna', {
    direction,
    text,
    sentAt: at,
    acceptedAt: at + 80,
    deliveredAt: direction === 'out' ? at + 900 : null,
    readAt: direction === 'out' ? at + 60_000 : null,
    ...over,
  })
}

const before = NOW - 2 * DAY - 3 * HOUR
const eve = NOW - DAY - 5 * HOUR
const tent = say('in', eve, 'Do you still have the small tent? Mine has a hole the size of a fist.')

export const annaMessages: Message[] = [
  message('anna', { kind: 'notice', notice: { type: 'verified' }, sentAt: before - HOUR }),
  say('in', before, 'Hey! Are we still on for the weekend?'),
  say('in', before + 20_000, 'The forecast looks good for once.'),
  say('out', before + 4 * MINUTE, 'Absolutely. I was going to ask you the same.'),
  say(
    'out',
    before + 4 * MINUTE + 8_000,
    'Here is the route I had in mind: https://maps.example.org/routes/lake-and-ridge?day=2&from=station (about 18 km, 600 m up)',
  ),
  tent,
  say('out', eve + 3 * MINUTE, 'I do! But the poles are a puzzle.', {
    replyTo: { id: tent.id, known: true, outgoing: false, excerpt: tent.text },
  }),
  say('in', eve + 6 * MINUTE, 'Perfect, I like puzzles.'),
  say('in', eve + 6 * MINUTE + 9_000, '🧩'),
  say(
    'out',
    eve + 9 * MINUTE,
    'Packing list so far:\n– tent, two mats\n– stove and the big pot\n– rain things, just in case\n– the good chocolate',
  ),
  say('in', NOW - 3 * HOUR, 'لا تنسَ الشوكولاتة الجيدة من فضلك، هذا مهم جداً', {}),
  say('out', NOW - 3 * HOUR + 2 * MINUTE, 'Never.'),
  message('anna', { kind: 'notice', notice: { type: 'gap', count: 2 }, sentAt: NOW - 90 * MINUTE }),
  say(
    'in',
    NOW - 40 * MINUTE,
    'Train leaves 8:12, platform 4. I’ll have coffee for both of us, so please do not be late, the next one is at eleven and then we miss the bus to the lake and have to walk the boring part along the road.',
  ),
  say('out', NOW - 12 * MINUTE, 'I’ll be there at eight.', { status: 'delivered', readAt: null }),
  say('out', NOW - 5 * MINUTE, 'Which one of us brings the tent in the end?', {
    status: 'accepted',
    deliveredAt: null,
    readAt: null,
    signedReceipts: [
      {
        log: '3f1c2a77-0000-4000-8000-000000000001',
        userId: 'id-anna',
        device: 1,
        seq: 41,
        id: '3f1c2a77-0000-4000-8000-000000000002',
        digest: '00'.repeat(32),
        at: NOW - 5 * MINUTE + 80,
        receipt: 'AAAA',
      },
    ],
  }),
  say('in', NOW - 3 * MINUTE, 'You carry the stove'),
  say('in', NOW - 2 * MINUTE, 'Then I’ll bring the tent 🏕️'),
]

export const waiting: Message[] = [
  message('kim', { direction: 'in', text: 'Text me when you are home', sentAt: NOW - 2 * HOUR }),
  message('kim', {
    direction: 'out',
    text: 'Just arrived, all good',
    sentAt: NOW - 4 * MINUTE,
    status: 'waiting',
  }),
  message('kim', {
    direction: 'out',
    text: 'Phone had no signal on the way',
    sentAt: NOW - 3 * MINUTE,
    status: 'waiting',
    problem: 'no_devices',
  }),
  message('kim', {
    direction: 'out',
    text: 'Are you awake?',
    sentAt: NOW - 2 * MINUTE,
    status: 'waiting',
    problem: 'set_aside',
  }),
]

export const awkward: Message[] = [
  message('ben_k', {
    text: 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(
      2,
    ),
    sentAt: NOW - HOUR,
  }),
  message('ben_k', {
    text: '<img src=x onerror=alert(1)> <b>not bold</b> javascript:alert(1)',
    sentAt: NOW - 50 * MINUTE,
  }),
  message('ben_k', { direction: 'out', text: 'ok', sentAt: NOW - 49 * MINUTE }),
  message('ben_k', {
    direction: 'out',
    text: 'שלום, מה שלומך היום? אני בדרך',
    sentAt: NOW - 48 * MINUTE,
    status: 'delivered',
  }),
  message('ben_k', { kind: 'unknown', sentAt: NOW - 40 * MINUTE }),
  message('ben_k', {
    text: `${'It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness. '.repeat(22)}`,
    sentAt: NOW - 30 * MINUTE,
  }),
  message('ben_k', {
    kind: 'notice',
    notice: { type: 'gap', count: 14 },
    sentAt: NOW - 20 * MINUTE,
  }),
  message('ben_k', {
    kind: 'notice',
    notice: { type: 'session_renewed' },
    sentAt: NOW - 19 * MINUTE,
  }),
  message('ben_k', {
    kind: 'notice',
    notice: { type: 'undecryptable' },
    sentAt: NOW - 18 * MINUTE,
  }),
  message('ben_k', { text: `${'\n'.repeat(1_399)}x`, sentAt: NOW - 12 * MINUTE }),
  message('ben_k', {
    text: `Stacked ${'Z\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308'.repeat(12)}${'Z'.padEnd(120, '\u0301')}`,
    sentAt: NOW - 11 * MINUTE,
  }),
  message('ben_k', {
    direction: 'out',
    text: 'A bit much',
    sentAt: NOW - 9 * MINUTE,
    status: 'read',
  }),
]

let history: readonly Message[] = []

/** The newest `count` messages of a long chat. Made when first asked for: most scenes never look at them. */
export function longHistory(count: number): readonly Message[] {
  if (history.length < count) history = madeHistory(count)
  return history.slice(-count)
}

function madeHistory(count: number): Message[] {
  const words =
    'and then we walked along the river until it got dark because nobody wanted to go home yet'.split(
      ' ',
    )
  return Array.from({ length: count }, (_, index) =>
    message('jonas', {
      direction: index % 5 < 2 ? 'out' : 'in',
      text: words.slice(0, 2 + ((index * 7) % words.length)).join(' '),
      sentAt: NOW - (count - index) * 11 * MINUTE,
    }),
  )
}

export const securityEvents: SecurityEvent[] = (
  [
    ['identity_changed', 'clara', 34 * MINUTE],
    ['verified', 'emil_and_the_detectives_berlin', DAY],
    ['signed_prekey_rotated', null, 2 * DAY],
    ['sender_refused', 'ben_k', 3 * DAY],
    ['session_renewed', 'ben_k', 3 * DAY + HOUR],
    ['own_device_added', null, 9 * DAY],
    ['verified', 'anna', 12 * DAY],
    ['identity_created', null, 40 * DAY],
  ] as const
).map(([type, username, ago], index) => ({
  id: `e-${index}`,
  at: NOW - ago,
  type,
  userId: username ? `id-${username}` : null,
  username,
  device: type === 'own_device_added' ? 2 : null,
  fingerprint: username ? identityOf(username).slice(-8) : null,
  count: type === 'sender_refused' ? 3 : 1,
}))
