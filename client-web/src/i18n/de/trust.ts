export default {
  changedTitle: 'Der Schlüssel von {name} hat sich geändert',
  changedText:
    'Vielleicht hat {name} ein neues Telefon, vielleicht gibt sich jemand als {name} aus. Frag {name} außerhalb dieser App und vergleicht die Nummer.',
  changedSafe: 'Es wird nichts gesendet, bis du dich entscheidest.',
  compareNow: 'Jetzt vergleichen',
  acceptNew: 'Neuen Schlüssel annehmen',
  keepOld: 'Alten Schlüssel behalten',
  acceptTitle: 'Den neuen Schlüssel von {name} annehmen?',
  acceptText:
    'Nur wenn {name} dir von einem neuen Telefon oder einem Neuanfang erzählt hat. Die Bestätigung entfällt, bis ihr wieder vergleicht.',
} as const
