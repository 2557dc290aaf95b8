/** Names of files as other people give them, made fit for this device. */
import { cutBefore } from './graphemes'

const MOST = 120
/** Separators of paths, characters that Windows refuses, control and format characters (which can turn a name around). */
const UNFIT = /[\\/:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
/** Devices on Windows, whatever stands behind a dot. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/** No path, no hidden file; its ending stays. */
export function fileName(given: string): string {
  const last = given.split(/[\\/]/).at(-1) ?? ''
  const clean = last
    .replaceAll(UNFIT, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/^[.\s]+|[.\s]+$/g, '')
  if (clean === '') return 'file'
  const named = DEVICE.test(clean) ? `_${clean}` : clean
  if (named.length <= MOST) return named
  const dot = named.lastIndexOf('.')
  const ending = dot > 0 && named.length - dot <= 12 ? named.slice(dot) : ''
  return named.slice(0, cutBefore(named, MOST - ending.length)) + ending
}
