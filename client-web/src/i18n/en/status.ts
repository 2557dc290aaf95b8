export default {
  waiting: 'Waiting to be sent',
  accepted: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Not sent',
  received: 'Received',
} as const
