export default {
  waiting: 'Wartet auf das Senden',
  accepted: 'Gesendet',
  delivered: 'Zugestellt',
  read: 'Gelesen',
  failed: 'Nicht gesendet',
  received: 'Empfangen',
} as const
