/** A sealed file in one piece, of contents that are made and read in memory: history on its way to another device. */
import { openBlob, sealBlob } from './blob'
import { concat, equal, random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { CryptoError } from '@/crypto/errors'

export interface SealedFile {
  blob: Bytes
  /** Of this file alone. */
  key: Bytes
  /** SHA-256 of the blob. */
  digest: Bytes
}

const digestOf = async (blob: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', blob))

const reading = (bytes: Bytes) => async (start: number, end: number) => bytes.slice(start, end)

async function whole(pieces: AsyncIterable<Bytes>): Promise<Bytes> {
  const all: Bytes[] = []
  for await (const piece of pieces) all.push(piece)
  return concat(...all)
}

export async function sealFile(plain: Bytes): Promise<SealedFile> {
  const key = random(32)
  const blob = await whole(sealBlob(key, reading(plain), plain.length))
  return { blob, key, digest: await digestOf(blob) }
}

/** `size`: of the content. @throws CryptoError `bad_file` */
export async function openFile(
  blob: Bytes,
  { key, digest }: Pick<SealedFile, 'key' | 'digest'>,
  size: number,
): Promise<Bytes> {
  if (!equal(await digestOf(blob), digest)) throw new CryptoError('bad_file', 'another file')
  return whole(openBlob(key, reading(blob), blob.length, size))
}
