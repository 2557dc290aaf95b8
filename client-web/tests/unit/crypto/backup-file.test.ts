import { beforeAll, describe, expect, test } from 'vitest'
import { random, utf8 } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { openBackup, sealBackup } from '@/crypto/backup/backup-file'

const plain = utf8('identity, contacts, history')
let file: Bytes
const code = (bytes: Bytes, passphrase = 'seven good words') =>
  openBackup(bytes, passphrase).then(
    () => 'opened',
    (error: { code?: string }) => error.code,
  )
/** The file with its header rewritten, everything else as it was. */
const withHeader = (change: (text: string) => string): Bytes => {
  const length = new DataView(file.buffer).getUint32(20)
  const header = utf8(change(new TextDecoder().decode(file.slice(24, 24 + length))))
  const front = file.slice(0, 24)
  new DataView(front.buffer).setUint32(20, header.length)
  return new Uint8Array([...front, ...header, ...file.slice(24 + length)])
}

beforeAll(async () => {
  file = await sealBackup(plain, 'seven good words')
})

describe('threat 29: a backup file', () => {
  test('opens with its passphrase, however it is composed, and with no other', async () => {
    expect(await openBackup(file, 'seven good words')).toEqual(plain)
    const composed = await sealBackup(plain, 'caf\u00e9 caf\u00e9 caf\u00e9')
    expect(await openBackup(composed, 'cafe\u0301 cafe\u0301 cafe\u0301')).toEqual(plain)
    expect(await code(file, 'seven good word')).toBe('backup_wrong_password')
  })

  test('opens with a suggested passphrase typed from paper', async () => {
    const suggested = await sealBackup(plain, 'able-baker-cabin-dance')
    for (const typed of ['Able Baker  Cabin Dance ', 'able–baker\u200B—cabin dance\n']) {
      expect(await openBackup(suggested, typed)).toEqual(plain)
    }
    expect(await code(suggested, 'able baker cabin')).toBe('backup_wrong_password')
  })

  test('shows nothing of its content', () => {
    expect(new TextDecoder('latin1').decode(file)).not.toContain('history')
  })

  test('cut or changed anywhere is refused', async () => {
    for (const length of [0, 5, 19, 22, 100, file.length - 1]) {
      expect(await code(file.slice(0, length))).toBe('backup_damaged')
    }
    const ciphertext = Uint8Array.from(file)
    ciphertext[file.length - 5] = (ciphertext[file.length - 5] as number) ^ 1
    expect(await code(ciphertext)).toBe('backup_damaged')
    expect(await code(random(500))).toBe('backup_damaged')
  })

  test('with lowered parameters is refused before the passphrase is tried', async () => {
    expect(await code(withHeader((text) => text.replace('600000', '599999')))).toBe(
      'backup_too_weak',
    )
    expect(await code(withHeader((text) => text.replace('600000', '1')))).toBe('backup_too_weak')
    expect(await code(withHeader((text) => text.replace('600000', '99999999999')))).toBe(
      'backup_damaged',
    )
  })

  test('with an altered but harmless header does not open: it is authenticated', async () => {
    expect(await code(withHeader((text) => text.replace('{', '{ ')))).toBe('backup_damaged')
  })

  test('of a later version says so', async () => {
    expect(await code(new Uint8Array([...utf8('SEALSTREAM BACKUP 2\n'), ...file.slice(20)]))).toBe(
      'backup_too_new',
    )
    expect(await code(withHeader((text) => text.replace('PBKDF2-SHA256', 'ARGON2ID-0001')))).toBe(
      'backup_too_new',
    )
  })
})
