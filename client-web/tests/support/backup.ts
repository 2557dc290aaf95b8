/** A backup file opened and written with all that is in it, as no page does it. */
import { openBackup, sealBackup } from '@/crypto/backup/backup-file'
import { splitIdentity, withIdentity } from '@/crypto/backup/backup-identity'
import type { Bytes } from '@/crypto/bytes'
import type { LocalIdentity } from '@/crypto/protocol/protocol'
import { readContent, writeContent } from '@/messenger/backup/backup-content'
import type { BackupContent } from '@/messenger/backup/backup-mapping'

export interface WholeBackup {
  content: BackupContent
  identity: LocalIdentity
}

export const readPlain = (plain: Bytes): WholeBackup => {
  const { content, identity } = splitIdentity(plain)
  return { content: readContent(content), identity }
}

export const writePlain = ({ content, identity }: WholeBackup): Bytes =>
  withIdentity(writeContent(content), identity)

export const readBackup = async (file: Bytes, passphrase: string): Promise<WholeBackup> =>
  readPlain(await openBackup(file, passphrase))

export const writeBackup = (backup: WholeBackup, passphrase: string): Promise<Bytes> =>
  sealBackup(writePlain(backup), passphrase)
