export default {
  title: 'How this chat is sealed',
  text: 'Every message is locked on the sending device with a key used once, and can be opened only on the other person’s devices. The server sees envelopes, sizes and times, never words.',
  postQuantum: 'Post-quantum',
  postQuantumText:
    'Whoever records these messages today cannot open them later with a quantum computer either.',
  classic: 'Not post-quantum yet',
  classicText:
    'Not every device of {name} is known to have post-quantum keys. For those without, messages are sealed the older way: strong today, but perhaps not against the quantum computers of the future.',
  unverified: 'Not verified',
  unverifiedText:
    'The first key seen is kept. To be sure it is really {name}, compare the safety number.',
  verified: 'Verified',
  verifiedText: 'You compared the safety number of {name}.',
  changed: 'Key changed',
  changedText: 'Sending is stopped until you decide.',
  compare: 'Compare safety number',
  origin: {
    this_device: 'Sealed on this device',
    own_device: 'Sealed on your device {device}',
    contact: 'Sealed on device {device} of {name}',
  },
  started: 'It opened a new session (key agreement included).',
  ratchet: 'It had a key of its own, used once.',
  postQuantumThen: 'Post-quantum: a quantum computer of the future cannot open it either.',
  classicThen: 'Not post-quantum: it was sealed the older way for at least one device.',
  keyThen: 'Identity key',
  verifiedThen: 'The key was verified at that time.',
  unverifiedThen: 'The key was not verified at that time.',
  times: {
    sent: 'Sent',
    written: 'By the sender’s clock',
    accepted: 'Accepted by the server',
    delivered: 'Delivered',
    read: 'Read',
  },
  receipt: {
    signed: 'The server signed that it took this message at {time}.',
    text: 'This device checked the signature. Whoever runs the server can compare the file with its records. Your words are not in it.',
    save: 'Save receipt',
  },
} as const
