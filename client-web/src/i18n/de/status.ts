export default {
  waiting: 'Wartet auf das Senden',
  accepted: 'Gesendet',
  delivered: 'Zugestellt',
  read: 'Gelesen',
} as const
