/** A worker that ends, or is told to stop, lets go of its file a moment later. */
const PATIENCE = 2_000
const EVERY = 50

/**
 * Removes a file or a directory with what is in it; one that is not there is removed. @throws DOMException
 * `NoModificationAllowedError` if something writes to it for longer
 */
export async function removeEntry(
  directory: FileSystemDirectoryHandle,
  name: string,
): Promise<void> {
  const end = performance.now() + PATIENCE
  for (;;) {
    try {
      return await directory.removeEntry(name, { recursive: true })
    } catch (error) {
      const code = error instanceof DOMException ? error.name : ''
      if (code === 'NotFoundError') return
      if (code !== 'NoModificationAllowedError' || performance.now() > end) throw error
    }
    await new Promise((done) => setTimeout(done, EVERY))
  }
}
