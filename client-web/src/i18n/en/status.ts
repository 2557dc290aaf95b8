export default {
  waiting: 'Waiting to be sent',
  accepted: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
} as const
