import { withoutGifMetadata } from './gif'
import { withoutMp4Metadata } from './mp4'
import { withoutWebmMetadata } from './webm'

/** A video or GIF without place, time and device; null where nothing is known of how to remove them. */
export function withoutMetadata(file: Blob): Promise<Blob | null> {
  switch (file.type) {
    case 'image/gif':
      return withoutGifMetadata(file)
    case 'video/mp4':
    case 'video/quicktime':
    case 'video/x-m4v':
    case 'video/3gpp':
      return withoutMp4Metadata(file)
    case 'video/webm':
    case 'video/x-matroska':
    case 'video/matroska':
      return withoutWebmMetadata(file)
    default:
      return Promise.resolve(null)
  }
}
