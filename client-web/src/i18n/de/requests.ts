export default {
  title: 'Nachrichtenanfragen',
  text: 'Von Leuten, die keine Kontakte sind. Bis du annimmst, erfahren sie nichts, auch nicht, dass du gelesen hast.',
  emptyTitle: 'Keine Anfragen',
  emptyText: 'Wenn dir jemand Neues schreibt, entscheidest du hier.',
  bar: '{name} ist kein Kontakt. Darf {name} dir schreiben?',
  barNote: 'Wenn du annimmst, sieht {name}, wann Nachrichten ankommen.',
  accept: 'Annehmen',
  decline: 'Löschen',
  block: 'Blockieren',
} as const
