export default {
  title: 'Nachrichtenanfragen',
  text: 'Von Leuten, die keine Kontakte sind. Bis du annimmst, erfahren sie nichts, auch nicht, dass du gelesen hast.',
  emptyTitle: 'Keine Anfragen',
  emptyText: 'Wenn dir jemand Neues schreibt, entscheidest du hier.',
  bar: '{name} ist kein Kontakt. Darf {name} dir schreiben?',
  barNote: 'Wenn du annimmst, sieht {name}, wann Nachrichten ankommen.',
  alike: {
    name: 'Du kennst schon jemanden namens {name}. Diese Person hat einen anderen Schlüssel: Frag außerhalb dieser App, wer es ist.',
    key: 'Du kennst diesen Schlüssel unter einem anderen Namen oder Konto. Frag außerhalb dieser App, wer es ist.',
  },
  accept: 'Annehmen',
  decline: 'Löschen',
  block: 'Blockieren',
} as const
