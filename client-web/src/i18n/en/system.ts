export default {
  offline: 'No connection. Messages wait here.',
  connecting: 'Connecting…',
  catchingUp: 'Fetching new messages…',
  retryIn: 'Next try in {n} s',
  reconnectNow: 'Try now',
  rateLimitedSoon: 'Too many messages at once. Sending goes on in {n} s.',
  rateLimited: 'Too many messages at once. Sending goes on at {time}.',
  wrongDate:
    'Check this device’s date: it is {n} day off the server’s. | Check this device’s date: it is {n} day off the server’s. | Check this device’s date: it is {n} days off the server’s.',
  online: 'Connected',
  notConnected: 'Not connected',
  message: 'New message',
  messageFrom: 'New message from {name}',
  request: 'New message request',
  update: 'A new version is ready.',
  partOutdated: 'This part is gone: a new version is there. Update to go on; drafts are kept.',
  partMissing: 'This part could not be loaded. Check your connection and try again.',
  updateNow: 'Update',
  updateLater: 'Later',
  lockedTitle: 'Locked',
  lockedFor: 'The messages of {name} are sealed on this device.',
  lockedText: 'Your messages are sealed on this device.',
  passphrase: 'Passphrase',
  unlock: 'Unlock',
  unlockWithPasskey: 'Unlock with passkey',
  forgot: 'Forgot it?',
  forgotText: 'Nobody can reset it. You can erase this device and restore a backup.',
  eraseDevice: 'Erase this device',
  eraseTitle: 'Erase everything on this device?',
  eraseText: 'Keys, contacts and messages are deleted here. Without a backup they are gone.',
  eraseUntold:
    'The server cannot be told: what proves that this device is yours is sealed with the rest. Its log-in ends by itself within 30 days.',
  eraseStays:
    'Your account goes on listing this device until you remove it: log in again, here or on another device, and open “Devices and sessions” in the settings.',
  elsewhereTitle: 'Open in another tab',
  elsewhereText: 'Only one tab at a time can hold your keys, so that none is used twice.',
  takeOver: 'Use it here',
  unopenedTitle: 'Your messages could not be opened',
  unopenedWhy: {
    damaged: 'A part of what is stored on this device is damaged.',
    full: 'This device is out of space.',
    offline: 'A part of the app could not be loaded: there is no connection.',
    failed: 'This browser did not open what it keeps for Sealstream.',
  },
  unopenedSafe: 'Nothing was deleted or changed',
  unopenedDo: {
    damaged:
      'Your keys and messages still lie on this device, sealed. Try again. If it stays like this, only a backup brings them back.',
    full: 'Your keys and messages still lie on this device, sealed. Free some space, then try again.',
    offline:
      'Your keys and messages still lie on this device, sealed. Check your connection, then try again.',
    failed:
      'Your keys and messages still lie on this device, sealed. Close other tabs of Sealstream or restart the browser, then try again.',
  },
  unopenedAgain: 'It still does not open.',
  unopenedErase: 'You can also begin anew here and restore a backup.',
  unsupportedTitle: 'Sealstream cannot run here',
  unsupported: {
    secure_context:
      'Open this page at its https:// address, or ask whoever runs the server for one: without https, a browser lets no page keep keys.',
    storage:
      'This browser keeps nothing for this page: allow it to store site data (cookies) here, or leave the private window, then load the page again.',
    browser:
      'This browser lacks what Sealstream needs to keep your keys: update it, or open the page in a current Firefox, Chrome, Edge or Safari.',
  },
  newDeviceTitle: 'A new device joined your account',
  newDeviceText:
    'It reads what is written to you from now on. If it is not yours, someone has your password and your backup: remove it, then change your password.',
  newDeviceNumber: 'Device {n}',
  newDeviceAt: 'Logged in on {time}',
  newDeviceMine: 'It is mine',
  newDeviceRemove: 'Remove it',
  starting: 'Opening your messages',
  skip: 'Skip to content',
  crashTitle: 'This part could not be shown',
  crashText:
    'Something in the app broke. Your keys and messages are safe on this device. Open the app again; if the same part breaks again, go to your chats.',
  crashReload: 'Open again',
  crashLeave: 'Go to my chats',
  crashDetails: 'What happened',
  crashDetailsText: 'Send this to whoever runs your server. It holds no messages, names or keys.',
} as const
