/** German; the keys are those of the English texts. */
import type { TextsLike } from '@/i18n/catalogue'
import type en from './en'

const de: TextsLike<typeof en> = {
  phone: {
    channel: 'Nachrichten',
    recognise: 'Bestätige, dass du es bist.',
  },
  instead: {
    system: {
      unlockWithPasskey: 'Fingerabdruck, Gesicht oder PIN',
      unopenedWhy: {
        failed: 'Dieses Telefon hat nicht geöffnet, was es für Sealstream aufbewahrt.',
      },
      unopenedDo: {
        failed:
          'Deine Schlüssel und Nachrichten liegen weiter versiegelt auf diesem Gerät. Schließe die App oder starte das Telefon neu und versuche es dann noch einmal.',
      },
    },
    contact: {
      scanDeniedText: 'Erlaube sie in den Einstellungen dieses Telefons oder gib den Code ein.',
    },
    settings: {
      notificationsPage: {
        denied: 'Dieses Telefon blockiert Benachrichtigungen',
        deniedText:
          'Erlaube sie für Sealstream in den Einstellungen dieses Telefons und komm dann zurück.',
      },
      privacyPage: {
        lockHint:
          'Ohne Kennwort kann deine Nachrichten lesen, wer dieses Telefon entsperren kann: Der Schlüssel dazu liegt im Schlüsselspeicher des Telefons.',
        passkey: 'Mit Fingerabdruck, Gesicht oder PIN entsperren',
        passkeyOn: 'Dieses Telefon fragt danach. Das Kennwort gilt weiter.',
        passkeyRemove: 'Fingerabdruck, Gesicht oder PIN entfernen',
        passkeyAgain:
          'Fingerabdruck, Gesicht oder PIN werden dabei entfernt. Du kannst sie danach wieder hinzufügen.',
        passkeyAdded: 'Fingerabdruck, Gesicht oder PIN hinzugefügt.',
      },
    },
    welcome: {
      warnWeb: 'Der Code dieser App kam mit ihr, nie vom Server.',
      lock: {
        text: 'Mit einem Kennwort kannst nur du deine Nachrichten hier öffnen. Ohne eines kann sie lesen, wer dieses Telefon entsperren kann.',
      },
    },
    errors: {
      wrong_passkey: 'Fingerabdruck, Gesicht oder PIN öffnen das nicht mehr. Nimm das Kennwort.',
      passkey_unsupported:
        'Richte in den Einstellungen dieses Telefons erst einen Fingerabdruck, ein Gesicht oder eine PIN ein.',
      storage_failed: 'Dieses Telefon konnte es nicht speichern. Nichts wurde geändert.',
    },
  },
}

export default de
