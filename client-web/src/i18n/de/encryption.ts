export default {
  title: 'So ist dieser Chat versiegelt',
  text: 'Jede Nachricht wird auf dem sendenden Gerät mit einem Schlüssel verschlossen, der nur einmal benutzt wird, und lässt sich nur auf den Geräten der anderen Person öffnen. Der Server sieht Umschläge, Größen und Zeiten, nie Worte.',
  postQuantum: 'Post-Quanten-sicher',
  postQuantumText:
    'Wer diese Nachrichten heute aufzeichnet, kann sie auch später mit einem Quantencomputer nicht öffnen.',
  classic: 'Noch nicht Post-Quanten-sicher',
  classicText:
    'Nicht von jedem Gerät von {name} sind Post-Quanten-Schlüssel bekannt. Für die ohne werden Nachrichten auf die ältere Art versiegelt: heute stark, aber vielleicht nicht gegen die Quantencomputer der Zukunft.',
  unverified: 'Nicht bestätigt',
  unverifiedText:
    'Der zuerst gesehene Schlüssel gilt. Um sicher zu sein, dass es {name} ist, vergleiche die Sicherheitsnummer.',
  verified: 'Bestätigt',
  verifiedText: 'Du hast die Sicherheitsnummer von {name} verglichen.',
  changed: 'Schlüssel geändert',
  changedText: 'Es wird nichts gesendet, bis du dich entscheidest.',
  compare: 'Sicherheitsnummer vergleichen',
  origin: {
    this_device: 'Auf diesem Gerät versiegelt',
    own_device: 'Auf deinem Gerät {device} versiegelt',
    contact: 'Auf Gerät {device} von {name} versiegelt',
  },
  started: 'Sie eröffnete eine neue Sitzung (samt Schlüsselaustausch).',
  ratchet: 'Sie hatte einen eigenen, nur einmal benutzten Schlüssel.',
  postQuantumThen:
    'Post-Quanten-sicher: Auch ein Quantencomputer der Zukunft kann sie nicht öffnen.',
  classicThen:
    'Nicht Post-Quanten-sicher: Für mindestens ein Gerät wurde sie auf die ältere Art versiegelt.',
  keyThen: 'Identitätsschlüssel',
  verifiedThen: 'Der Schlüssel war zu dieser Zeit bestätigt.',
  unverifiedThen: 'Der Schlüssel war zu dieser Zeit nicht bestätigt.',
  times: {
    sent: 'Gesendet',
    written: 'Nach der Uhr des Absenders',
    accepted: 'Beim Server',
    delivered: 'Zugestellt',
    read: 'Gelesen',
  },
  receipt: {
    signed: 'Der Server hat unterschrieben, dass er diese Nachricht am {time} angenommen hat.',
    text: 'Dieses Gerät hat die Unterschrift geprüft. Wer den Server betreibt, kann die Datei mit dessen Aufzeichnungen vergleichen. Deine Worte stehen nicht darin.',
    save: 'Quittung speichern',
  },
} as const
