export default {
  forward: 'Forward',
  select: 'Select',
  bar: 'Chosen messages',
  cancel: 'Cancel selection',
  count: '{n} selected | {n} selected | {n} selected',
  most: '{n} selected, the most at once',
  deleteTitle: 'Delete {n} messages? | Delete {n} message? | Delete {n} messages?',
  deleteText: 'They are erased from all your devices. The other person keeps them.',
  deleteForAllText:
    'For everyone: they are erased on both sides, and a trace of each stays. Somebody may have seen them already.',
  forwardTo: 'Forward to',
  forwardText: 'Nothing says who wrote it first.',
  search: 'Search chats and people',
  blocked: 'Blocked',
  keyChanged: 'New key. Open the chat and decide about it first',
  mostChats: 'No more than {n} at once.',
  forwarded: 'Forwarded to {n} chats | Forwarded to {n} chat | Forwarded to {n} chats',
} as const
