/** Making a backup and bringing it back, as people do it. */
import type { Person } from './person'
import { testids } from './testids'

/** Saves a backup of this person's device at the path. */
export async function saveBackup(person: Person, passphrase: string, path: string): Promise<void> {
  await person.go('#/settings/backup')
  await person.get(testids.backupOpen).click()
  await person.get(testids.passphrase).fill(passphrase)
  await person.get(testids.passphraseRepeat).fill(passphrase)
  await person.get(testids.backupCreate).click()
  await downloadBackup(person, path)
}

export async function downloadBackup(person: Person, path: string): Promise<void> {
  const download = person.page.waitForEvent('download')
  await person.get(testids.backupSave).click()
  await (await download).saveAs(path)
}

/** Gives a file and a passphrase to the form on screen; what comes of it is the test's to see. */
export async function tryRestore(
  person: Person,
  file: string | { name: string; mimeType: string; buffer: Buffer },
  passphrase: string,
): Promise<void> {
  await person.get(testids.restoreFile).setInputFiles(file)
  await person.get(testids.restorePassphrase).fill(passphrase)
  await person.get(testids.restoreSubmit).click()
}

/** A second device of the same person, with the same identity. */
export async function joinBy(person: Person, file: string, passphrase: string): Promise<void> {
  await person.login()
  await person.get(testids.identityRestore).click()
  await tryRestore(person, file, passphrase)
  await person.isOnline()
}
