export default {
  forward: 'Weiterleiten',
  select: 'Auswählen',
  bar: 'Ausgewählte Nachrichten',
  cancel: 'Auswahl beenden',
  count: '{n} ausgewählt | {n} ausgewählt | {n} ausgewählt',
  most: '{n} ausgewählt, mehr geht nicht auf einmal',
  deleteTitle: '{n} Nachrichten löschen? | {n} Nachricht löschen? | {n} Nachrichten löschen?',
  deleteText: 'Sie werden von allen deinen Geräten gelöscht. Die andere Person behält sie.',
  deleteForAllText:
    'Für alle: Sie werden auf beiden Seiten gelöscht, von jeder bleibt eine Spur. Vielleicht hat sie schon jemand gesehen.',
  forwardTo: 'Weiterleiten an',
  forwardText: 'Nichts verrät, wer es zuerst schrieb.',
  search: 'Chats und Personen suchen',
  blocked: 'Blockiert',
  keyChanged: 'Neuer Schlüssel. Öffne zuerst den Chat und entscheide darüber',
  mostChats: 'Nicht mehr als {n} auf einmal.',
  forwarded:
    'An {n} Chats weitergeleitet | An {n} Chat weitergeleitet | An {n} Chats weitergeleitet',
} as const
