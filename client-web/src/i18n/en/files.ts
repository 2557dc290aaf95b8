export default {
  kind: { image: 'Photo', video: 'Video', voice: 'Voice message', file: 'File' },
  kinds: { image: 'Photos', video: 'Videos', voice: 'Voice messages', file: 'Files' },
  save: 'Save',
  saveAll: 'Save files',
  attach: 'Attach',
  record: 'Record a voice message',
} as const
