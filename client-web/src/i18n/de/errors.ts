/** Ein Satz je Fehlercode: was geschah und, wo es geht, was zu tun ist. */
export default {
  invalid: 'Darin ist etwas nicht erlaubt.',
  username_taken: 'Dieser Name ist vergeben. Nimm einen anderen.',
  bad_credentials: 'Benutzername und Passwort passen nicht zusammen.',
  wrong_password: 'Das ist nicht dein Passwort.',
  bad_code: 'Der Code ist nicht vollständig. Er sieht aus wie {example}.',
  own_code: 'Das ist dein eigener Code.',
  already_contact: 'Diese Person ist schon ein Kontakt.',
  too_late: 'Die Zeit dafür ist abgelaufen.',
  too_long: 'Diese Nachricht ist zu lang.',
  unsendable_text:
    'Dieser Text enthält Steuerzeichen, die sich nicht senden lassen. Füge ihn als reinen Text ein oder lösche sie.',
  bad_address: 'Das ist keine Adresse eines Servers. Sie sieht aus wie chat.example.org.',
  not_a_relay:
    'Dort antwortet kein Sealstream-Server, oder sein Zertifikat passt nicht zum Namen. Prüfe Adresse und Netz.',
  wrong_passphrase: 'Das ist nicht das Kennwort.',
  wrong_passkey: 'Das ist nicht der Passkey dieses Geräts. Nimm das Kennwort.',
  passkey_unsupported:
    'Dieser Passkey kann keinen Schlüssel aufbewahren. Nimm einen anderen oder nur das Kennwort.',
  weak_passphrase: 'Zu leicht zu erraten. Nimm ein paar zufällige Wörter dazu.',
  gone: 'Die Nachricht oder eine Datei darin ist nicht mehr da.',
  not_found: 'Mit diesem Code wurde niemand gefunden. Prüfe den Namen und die acht Zeichen.',
  identity_changed:
    'Dieser Code ist veraltet: Die Person hat einen neuen Schlüssel. Bitte um ihren neuen Code.',
  key_mismatch:
    'Die Schlüssel stimmen nicht überein. Nichts wurde geändert. Vielleicht sitzt jemand dazwischen: Frag außerhalb dieser App nach.',
  key_outdated:
    'Der Schlüssel hat sich geändert, seit er gezeigt wurde. Nichts wurde entschieden. Sieh noch einmal hin und vergleiche die Nummer.',
  name_mismatch:
    'Der Server antwortete zu einem anderen Namen. Nichts wurde geändert. Vielleicht sitzt jemand dazwischen: Frag außerhalb dieser App nach.',
  key_known:
    'Diesen Schlüssel kennst du von jemand anderem. Nichts wurde geändert. Entferne zuerst jenen Kontakt, wenn es dieselbe Person ist.',
  request_in_the_way:
    'Unter diesem Namen wartet eine Anfrage mit einem anderen Schlüssel. Lösche sie, dann füge die Person noch einmal hinzu.',
  request_outdated:
    'Diese Person hat seit ihrer Nachricht einen neuen Schlüssel. Bitte um ihren neuen Code und gib ihn ein, um sie hinzuzufügen.',
  blocked: 'Du hast diese Person blockiert.',
  offline: 'Keine Verbindung zum Server. Prüfe dein Netz und versuche es noch einmal.',
  unavailable: 'Der Server kann gerade nicht antworten. Versuche es gleich noch einmal.',
  rate_limited: 'Zu viele Versuche. Weiter geht es um {time}.',
  rate_limited_in: 'Zu viele Versuche. Weiter geht es in {n} s.',
  rate_limited_soon: 'Zu viele Versuche. Warte einen Moment und versuche es noch einmal.',
  bad_answer: 'Die Antwort des Servers ergibt keinen Sinn. Nichts wurde geändert.',
  signed_out: 'Dieses Gerät ist abgemeldet. Melde dich wieder an.',
  locked: 'Die App ist gesperrt.',
  not_leading: 'Sealstream ist in einem anderen Tab geöffnet.',
  storage_failed: 'Dieser Browser konnte es nicht speichern. Nichts wurde geändert.',
  storage_full: 'Auf diesem Gerät ist kein Platz mehr. Schaffe Platz und versuche es noch einmal.',
  cancelled: 'Abgebrochen. Nichts wurde geändert.',
  file_too_large: 'Diese Datei ist größer, als der Server annimmt.',
  files_full:
    'Zu viele deiner Dateien liegen noch auf dem Server. Täglich werden welche frei: später neu versuchen.',
  file_broken: 'Der Server gab eine andere Datei als die gesendete. Sie wurde verworfen.',
  backup_wrong_password: 'Das ist nicht das Kennwort dieser Sicherung. Nichts wurde geändert.',
  backup_damaged: 'Diese Datei ist beschädigt oder keine Sicherung. Nichts wurde geändert.',
  backup_too_weak: 'Diese Sicherung ist zu schwach geschützt. Nichts wurde geändert.',
  backup_too_new: 'Diese Sicherung stammt von einer neueren Version. Aktualisiere zuerst.',
  backup_other_account: 'Diese Sicherung gehört zu einem anderen Konto. Nichts wurde geändert.',
  bad_link_code: 'Das ist nicht der Code eines neuen Geräts. Er beginnt mit sealstream:link.',
  link_elsewhere: 'Das neue Gerät ist bei einem anderen Server. Öffne dort denselben.',
  link_expired: 'Die Zeit für diesen Code ist um. Zeige einen neuen.',
  link_broken:
    'Jemand anderes hat geantwortet, oder unterwegs wurde etwas geändert. Nichts wurde übernommen. Beginne von vorn.',
  wrong_digits:
    'Das sind nicht die Ziffern des neuen Geräts. Nichts wurde gesendet. Beginne von vorn.',
  internal: 'Bei uns ging etwas schief. Deine Nachrichten sind sicher.',
  username_format: 'Nimm 3 bis 32 Kleinbuchstaben, Ziffern oder _.',
  password_length: 'Nimm 10 bis 256 Zeichen.',
  other_account:
    'Auf diesem Gerät liegen Daten eines anderen Kontos. Melde dich dort an oder lösche zuerst dieses Gerät.',
} as const
