/** The native texts of a phone, and the client's texts that differ from those in a browser. */
export default {
  phone: {
    /** The kind of notice, in Android's settings. */
    channel: 'Messages',
    /** Asked beside the picture of a finger or a face. */
    recognise: 'Confirm that it is you.',
  },
  instead: {
    system: {
      unlockWithPasskey: 'Fingerprint, face or PIN',
      unopenedWhy: { failed: 'This phone did not open what it keeps for Sealstream.' },
      unopenedDo: {
        failed:
          'Your keys and messages still lie on this device, sealed. Close the app or restart the phone, then try again.',
      },
    },
    contact: {
      scanDeniedText: 'Allow it in this phone’s settings, or type the code instead.',
    },
    settings: {
      notificationsPage: {
        denied: 'This phone blocks notifications',
        deniedText: 'Allow them for Sealstream in this phone’s settings, then come back.',
      },
      privacyPage: {
        lockHint:
          'Without a passphrase, whoever can unlock this phone can read your messages: the key to them is in the phone’s own key store.',
        passkey: 'Unlock with fingerprint, face or PIN',
        passkeyOn: 'This phone asks for them. The passphrase goes on working.',
        passkeyRemove: 'Remove fingerprint, face or PIN',
        passkeyAgain:
          'Fingerprint, face or PIN are removed by this. You can add them again afterwards.',
        passkeyAdded: 'Fingerprint, face or PIN added.',
      },
    },
    welcome: {
      warnWeb: 'The code of this app came with it, never from the server.',
      lock: {
        text: 'With a passphrase, only you can open your messages here. Without one, whoever can unlock this phone can read them.',
      },
    },
    errors: {
      wrong_passkey: 'Fingerprint, face or PIN no longer open this. Use the passphrase.',
      passkey_unsupported: 'Set up a fingerprint, a face or a PIN in this phone’s settings first.',
      storage_failed: 'This phone could not store it. Nothing was changed.',
    },
  },
} as const
