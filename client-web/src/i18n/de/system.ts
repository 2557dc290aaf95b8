export default {
  offline: 'Keine Verbindung. Nachrichten warten hier.',
  connecting: 'Verbindung wird aufgebaut …',
  catchingUp: 'Neue Nachrichten werden geholt …',
  retryIn: 'Nächster Versuch in {n} s',
  reconnectNow: 'Jetzt versuchen',
  rateLimitedSoon: 'Zu viele Nachrichten auf einmal. In {n} s geht es weiter.',
  rateLimited: 'Zu viele Nachrichten auf einmal. Um {time} geht es weiter.',
  wrongDate:
    'Prüfe das Datum dieses Geräts: Es weicht {n} Tag von dem des Servers ab. | Prüfe das Datum dieses Geräts: Es weicht {n} Tag von dem des Servers ab. | Prüfe das Datum dieses Geräts: Es weicht {n} Tage von dem des Servers ab.',
  online: 'Verbunden',
  notConnected: 'Nicht verbunden',
  message: 'Neue Nachricht',
  messageFrom: 'Neue Nachricht von {name}',
  request: 'Neue Nachrichtenanfrage',
  update: 'Eine neue Version ist bereit.',
  partOutdated:
    'Diesen Teil gibt es nicht mehr: Eine neue Version ist da. Aktualisiere, um weiterzumachen; Entwürfe bleiben.',
  partMissing:
    'Dieser Teil ließ sich nicht laden. Prüfe deine Verbindung und versuche es noch einmal.',
  updateNow: 'Aktualisieren',
  updateLater: 'Später',
  lockedTitle: 'Gesperrt',
  lockedFor: 'Die Nachrichten von {name} sind auf diesem Gerät versiegelt.',
  lockedText: 'Deine Nachrichten sind auf diesem Gerät versiegelt.',
  passphrase: 'Kennwort',
  unlock: 'Entsperren',
  unlockWithPasskey: 'Mit Passkey entsperren',
  forgot: 'Vergessen?',
  forgotText:
    'Niemand kann es zurücksetzen. Du kannst dieses Gerät löschen und eine Sicherung einspielen.',
  eraseDevice: 'Dieses Gerät löschen',
  eraseTitle: 'Alles auf diesem Gerät löschen?',
  eraseText:
    'Schlüssel, Kontakte und Nachrichten werden hier gelöscht. Ohne Sicherung sind sie verloren.',
  eraseUntold:
    'Dem Server lässt sich das nicht mitteilen: Was beweist, dass dieses Gerät deines ist, ist mit versiegelt. Seine Anmeldung endet innerhalb von 30 Tagen von selbst.',
  eraseStays:
    'Dein Konto führt dieses Gerät weiter auf, bis du es entfernst: Melde dich wieder an, hier oder auf einem anderen Gerät, und öffne „Geräte und Sitzungen“ in den Einstellungen.',
  elsewhereTitle: 'In einem anderen Tab geöffnet',
  elsewhereText:
    'Nur ein Tab auf einmal kann deine Schlüssel halten, damit keiner zweimal benutzt wird.',
  takeOver: 'Hier verwenden',
  unopenedTitle: 'Deine Nachrichten ließen sich nicht öffnen',
  unopenedWhy: {
    damaged: 'Ein Teil dessen, was auf diesem Gerät gespeichert ist, ist beschädigt.',
    full: 'Auf diesem Gerät ist kein Platz mehr.',
    offline: 'Ein Teil der App ließ sich nicht laden: Es gibt keine Verbindung.',
    failed: 'Dieser Browser hat nicht geöffnet, was er für Sealstream aufbewahrt.',
  },
  unopenedSafe: 'Nichts wurde gelöscht oder geändert',
  unopenedDo: {
    damaged:
      'Deine Schlüssel und Nachrichten liegen weiter versiegelt auf diesem Gerät. Versuche es noch einmal. Bleibt es dabei, bringt nur eine Sicherung sie zurück.',
    full: 'Deine Schlüssel und Nachrichten liegen weiter versiegelt auf diesem Gerät. Schaffe etwas Platz und versuche es dann noch einmal.',
    offline:
      'Deine Schlüssel und Nachrichten liegen weiter versiegelt auf diesem Gerät. Prüfe deine Verbindung und versuche es dann noch einmal.',
    failed:
      'Deine Schlüssel und Nachrichten liegen weiter versiegelt auf diesem Gerät. Schließe andere Tabs von Sealstream oder starte den Browser neu und versuche es dann noch einmal.',
  },
  unopenedAgain: 'Es lässt sich noch immer nicht öffnen.',
  unopenedErase: 'Du kannst hier auch neu beginnen und eine Sicherung einspielen.',
  unsupportedTitle: 'Sealstream kann hier nicht laufen',
  unsupported: {
    secure_context:
      'Öffne diese Seite unter ihrer https://-Adresse oder bitte den Menschen, der den Server betreibt, um eine: Ohne https lässt ein Browser keine Seite Schlüssel aufbewahren.',
    storage:
      'Dieser Browser bewahrt für diese Seite nichts auf: Erlaube ihm hier Websitedaten (Cookies) oder verlasse das private Fenster, und lade die Seite neu.',
    browser:
      'Diesem Browser fehlt, was Sealstream zum Aufbewahren deiner Schlüssel braucht: Aktualisiere ihn oder öffne die Seite in einem aktuellen Firefox, Chrome, Edge oder Safari.',
  },
  newDeviceTitle: 'Ein neues Gerät ist in deinem Konto',
  newDeviceText:
    'Es liest ab jetzt, was dir geschrieben wird. Ist es nicht deins, hat jemand dein Passwort und deine Sicherung: Entferne es und ändere dann dein Passwort.',
  newDeviceNumber: 'Gerät {n}',
  newDeviceAt: 'Angemeldet am {time}',
  newDeviceMine: 'Es ist meins',
  newDeviceRemove: 'Entfernen',
  starting: 'Deine Nachrichten werden geöffnet',
  skip: 'Zum Inhalt springen',
  crashTitle: 'Dieser Teil ließ sich nicht zeigen',
  crashText:
    'In der App ist etwas kaputtgegangen. Deine Schlüssel und Nachrichten sind sicher auf diesem Gerät. Öffne die App noch einmal; geht derselbe Teil wieder kaputt, gehe zu deinen Chats.',
  crashReload: 'Noch einmal öffnen',
  crashLeave: 'Zu meinen Chats',
  crashDetails: 'Was geschehen ist',
  crashDetailsText:
    'Schicke das an den Menschen, der deinen Server betreibt. Es enthält keine Nachrichten, Namen oder Schlüssel.',
} as const
