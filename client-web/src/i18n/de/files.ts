export default {
  kind: { image: 'Foto', video: 'Video', voice: 'Sprachnachricht', file: 'Datei' },
  kinds: { image: 'Fotos', video: 'Videos', voice: 'Sprachnachrichten', file: 'Dateien' },
  save: 'Speichern',
  saveAll: 'Dateien speichern',
  attach: 'Anhängen',
  record: 'Sprachnachricht aufnehmen',
} as const
