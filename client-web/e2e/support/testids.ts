/**
 * The names tests find things by. They are part of the interface's contract: a view may change its
 * looks, not these. `message` carries data-id, data-status (waiting, accepted, delivered, read,
 * received) and data-direction (in, out); `conversationItem` and `requestItem` carry
 * data-username; `connectionStatus` carries data-state and is in the page whenever one is signed
 * in; `notice` carries data-notice, `trust` data-trust, `securityEvent` data-type.
 */
export const testids = {
  username: 'username',
  password: 'password',
  submitRegister: 'submit-register',
  submitLogin: 'submit-login',
  /** Switches the welcome screen between register (first) and log in. */
  switchMode: 'switch-mode',
  chatSearch: 'chat-search',
  chatSearchField: 'chat-search-field',
  chatSearchPlace: 'chat-search-place',
  chatSearchOlder: 'chat-search-older',
  chatSearchNewer: 'chat-search-newer',
  chatSearchDate: 'chat-search-date',
  /** A day between messages. */
  day: 'day',
  pickDayField: 'pick-day-field',
  pickDayFirst: 'pick-day-first',
  pickDayGo: 'pick-day-go',
  newDevice: 'new-device',
  newDeviceMine: 'new-device-mine',
  /** On the welcome screen; then `linkCode` has data-code, and `linkDigits` the check. */
  linkOpen: 'link-open',
  linkCode: 'link-code',
  linkDigits: 'link-digits',
  /** On the old device, in `#/settings/devices`. */
  linkDevice: 'link-device',
  linkPaste: 'link-paste',
  linkJoin: 'link-join',
  linkDigitsField: 'link-digits-field',
  linkPassword: 'link-password',
  linkConfirm: 'link-confirm',
  linkDone: 'link-done',
  recoveryOpen: 'recovery-open',
  identityRestore: 'identity-restore',
  identityReplace: 'identity-replace',

  /** The contact code as text; on `#/add/code`. */
  myCode: 'my-code',
  addContactOpen: 'add-contact-open',
  /** Tabs of the add page: `tab-code`, `tab-scan`, `tab-enter`. */
  tabCode: 'tab-code',
  tabScan: 'tab-scan',
  tabEnter: 'tab-enter',
  addContactCode: 'add-contact-code',
  addContactSubmit: 'add-contact-submit',
  scannerVideo: 'scanner-video',
  scannerFile: 'scanner-file',

  conversationItem: 'conversation-item',
  composer: 'composer',
  send: 'send',
  /** Until when what waits for this person waits. */
  sendWait: 'send-wait',
  message: 'message',
  notice: 'notice',
  toNewest: 'to-newest',
  connectionStatus: 'connection-status',

  /** A request is opened from `#/requests`. */
  requestItem: 'request-item',
  requestBar: 'request-bar',
  requestAccept: 'request-accept',
  requestDecline: 'request-decline',
  requestBlock: 'request-block',

  keyChange: 'key-change',
  compareNow: 'compare-now',
  acceptKey: 'accept-key',
  trust: 'trust',
  safetyNumber: 'safety-number',
  verifyOpen: 'verify-open',
  numbersMatch: 'numbers-match',
  nicknameOpen: 'nickname-open',
  nickname: 'nickname',
  nicknameSave: 'nickname-save',
  /** On `#/add/code`; has data-link. */
  copyLink: 'copy-link',
  /** On `#/add/enter`. */
  notesOpen: 'notes-open',
  contactBlock: 'contact-block',
  contactRemove: 'contact-remove',

  settingsOpen: 'settings-open',
  /** `settings-account`, `-devices`, `-backup`, `-privacy`, `-notifications`, `-appearance`, `-language`, `-security`. */
  settingsBackup: 'settings-backup',
  logout: 'logout',
  deleteAccount: 'delete-account',
  deletePassword: 'delete-password',
  backupOpen: 'backup-open',
  passphrase: 'passphrase',
  passphraseRepeat: 'passphrase-repeat',
  suggest: 'suggest',
  suggestedPassphrase: 'suggested-passphrase',
  noted: 'noted',
  backupCreate: 'backup-create',
  backupSave: 'backup-save',
  restoreFile: 'restore-file',
  restorePassphrase: 'restore-passphrase',
  restoreSubmit: 'restore-submit',
  setPassphrase: 'set-passphrase',
  lockLater: 'lock-later',
  passkey: 'passkey',
  passkeyPassphrase: 'passkey-passphrase',
  passkeySubmit: 'passkey-submit',
  unlockPasskey: 'unlock-passkey',
  passphraseSubmit: 'passphrase-submit',
  unlockPassphrase: 'unlock-passphrase',
  unlock: 'unlock',
  takeOver: 'take-over',
  /** Carries data-trouble: damaged, full, failed. */
  unopened: 'unopened',
  openStorage: 'open-storage',
  eraseDevice: 'erase-device',
  keepOldKey: 'keep-old-key',
  recoveryGo: 'recovery-go',
  securityEvent: 'security-event',
  /** In a message's details. */
  signedReceipt: 'signed-receipt',
  receiptSave: 'receipt-save',
  notificationsOn: 'notifications-on',
  notificationNames: 'notification-names',
  notificationsRefused: 'notifications-refused',
  crash: 'crash',
  crashReload: 'crash-reload',
  crashLeave: 'crash-leave',
  crashDetails: 'crash-details',
} as const
