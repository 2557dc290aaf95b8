/** Removal of sealed files that a worker may still write to. */
import { expect, test } from 'vitest'
import { removeEntry } from '@/files/remove-entry'
import { calm } from '../../support/wait'

/** A worker that holds a file open until it is told to let go. */
const HOLD = `onmessage = async ({ data }) => {
  const root = await navigator.storage.getDirectory()
  const directory = await root.getDirectoryHandle(data, { create: true })
  const file = await directory.getFileHandle('one', { create: true })
  const handle = await file.createSyncAccessHandle()
  onmessage = () => { handle.close(); postMessage('closed') }
  postMessage('open')
}`

async function held(name: string) {
  const worker = new Worker(URL.createObjectURL(new Blob([HOLD], { type: 'text/javascript' })))
  const said = () => new Promise((done) => worker.addEventListener('message', done, { once: true }))
  const open = said()
  worker.postMessage(name)
  await open
  return { release: () => worker.postMessage('now'), worker }
}

test('a directory whose file is still open is removed as soon as that is closed', async () => {
  const root = await navigator.storage.getDirectory()
  const { release, worker } = await held('held')
  await expect(root.removeEntry('held', { recursive: true })).rejects.toMatchObject({
    name: 'NoModificationAllowedError',
  })
  const removing = removeEntry(root, 'held')
  await calm(100)
  release()
  await removing
  await expect(root.getDirectoryHandle('held')).rejects.toMatchObject({ name: 'NotFoundError' })
  worker.terminate()
})

test('what is not there is removed; what stays open is an error', async () => {
  const root = await navigator.storage.getDirectory()
  await removeEntry(root, 'never')
  const { worker, release } = await held('stays')
  await expect(removeEntry(root, 'stays')).rejects.toMatchObject({
    name: 'NoModificationAllowedError',
  })
  release()
  await removeEntry(root, 'stays')
  worker.terminate()
})
