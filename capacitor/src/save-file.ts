import { Directory, Filesystem } from '@capacitor/filesystem'
import { Share } from '@capacitor/share'

/** The only folder that Android lets other apps read from (res/xml/file_paths.xml). */
const FOLDER = { path: 'shared', directory: Directory.Cache }

/**
 * Lets the person choose where a file goes. Whoever takes it may read it later, so it stays until the next
 * file or the next start.
 */
export async function saveFile(name: string, file: Blob): Promise<void> {
  await removeShared()
  const { uri } = await Filesystem.writeFile({
    path: `${FOLDER.path}/${name}`,
    directory: FOLDER.directory,
    recursive: true,
    data: await base64(file),
  })
  try {
    await Share.share({ title: name, files: [uri] })
  } catch (error) {
    if (!/cancell?ed/i.test(String(error))) throw error
  }
}

export async function removeShared(): Promise<void> {
  const { files } = await Filesystem.readdir({ path: '', directory: FOLDER.directory })
  if (files.some(({ name }) => name === FOLDER.path)) {
    await Filesystem.rmdir({ ...FOLDER, recursive: true })
  }
}

function base64(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.addEventListener('load', () => resolve(String(reader.result).replace(/^[^,]*,/, '')))
    reader.addEventListener('error', () =>
      reject(reader.error ?? new Error('the file is not read')),
    )
    reader.readAsDataURL(file)
  })
}
