/**
 * Sealed files at rest, in the browser's private file system: one directory per database, names at random. A file
 * that `Sealing.finish` or `verified` was not called for may be cut. In a worker: only there it can be written in
 * place.
 */
import type { Bytes } from '@/crypto/bytes'
import { removeEntry } from './remove-entry'

/** In TypeScript's library for workers, which excludes that of pages. */
interface SyncHandle {
  write(data: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  getSize(): number
  flush(): void
  close(): void
}
type Writable = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncHandle> }
type Listed = FileSystemDirectoryHandle & { keys(): AsyncIterable<string> }

export class SealedFiles {
  constructor(private readonly directory: string) {}

  /** What was written so far; empty where there is none. */
  async read(name: string): Promise<File> {
    const handle = await (await this.open()).getFileHandle(name, { create: true })
    return handle.getFile()
  }

  /** Appends what comes; keeps what was written when `pieces` fails. `from`: the bytes that stay. */
  async append(name: string, from: number, pieces: AsyncIterable<Bytes>): Promise<void> {
    const handle = await (await this.open()).getFileHandle(name, { create: true })
    const file = await (handle as Writable).createSyncAccessHandle()
    try {
      let at = Math.min(from, file.getSize())
      file.truncate(at)
      for await (const piece of pieces) {
        let written = 0
        while (written < piece.length) {
          const count = file.write(piece.subarray(written), { at: at + written })
          if (count === 0) throw new DOMException('nothing was written', 'QuotaExceededError')
          written += count
        }
        at += written
      }
    } finally {
      file.flush()
      file.close()
    }
  }

  async remove(name: string): Promise<void> {
    await removeEntry(await this.open(), name)
  }

  async names(): Promise<string[]> {
    const found: string[] = []
    for await (const name of ((await this.open()) as Listed).keys()) found.push(name)
    return found
  }

  private async open(): Promise<FileSystemDirectoryHandle> {
    const root = await navigator.storage.getDirectory()
    return root.getDirectoryHandle(this.directory, { create: true })
  }
}
