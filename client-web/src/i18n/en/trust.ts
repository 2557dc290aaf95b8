export default {
  changedTitle: '{name}’s key changed',
  changedText:
    '{name} may have a new phone, or someone may be pretending to be {name}. Ask {name} outside this app and compare the number.',
  changedSafe: 'Nothing is sent until you decide.',
  compareNow: 'Compare now',
  acceptNew: 'Accept new key',
  keepOld: 'Keep the old key',
  acceptTitle: 'Accept the new key of {name}?',
  acceptText:
    'Only if {name} told you about a new phone or a fresh start. The verified mark is removed until you compare again.',
} as const
