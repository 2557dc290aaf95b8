/** The pictures of one message that are drawn; more stand behind the last of them. */
import type { MessageFile } from '@/messenger/contract'

const SHOWN_TILES = 4

export interface Tile {
  readonly file: MessageFile
  /** Takes the whole row. */
  readonly wide: boolean
  /** How many more stand behind it. */
  readonly more: number
}

export function tilesOf(files: readonly MessageFile[]): Tile[] {
  const shown = files.slice(0, SHOWN_TILES)
  return shown.map((file, index) => ({
    file,
    wide: files.length === 3 && index === 0,
    more: index === SHOWN_TILES - 1 ? files.length - SHOWN_TILES : 0,
  }))
}
