export default {
  title: 'Message requests',
  text: 'People who are not your contacts. They learn nothing until you accept, not even that you read it.',
  emptyTitle: 'No message requests',
  emptyText: 'When someone new writes to you, you decide here.',
  bar: '{name} is not a contact. Let {name} write to you?',
  barNote: 'Accepting lets {name} see when messages arrive.',
  alike: {
    name: 'You know somebody else by the name {name}. This one has another key: ask outside this app who it is.',
    key: 'You know this key under another name or account. Ask outside this app who it is.',
  },
  accept: 'Accept',
  decline: 'Delete',
  block: 'Block',
} as const
