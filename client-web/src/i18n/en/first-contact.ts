/** The texts of `contact` and `encryption` that the list and a chat show. */
export const contact = {
  myCode: 'My code',
  alike: {
    name: 'Somebody else here has the same name',
    key: 'Somebody else here has the same key',
  },
  details: 'Contact',
  verified: 'Verified',
  unverified: 'Not verified',
  changed: 'Key changed',
  blockedState: 'Blocked',
} as const

export const encryption = { open: 'Encryption: {state}' } as const
