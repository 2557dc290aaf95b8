/** Scanning: what the camera sees verifies, what a picture file shows does not. */
import { afterEach, expect, test } from 'vitest'
import { toCanvas } from 'qrcode'
import SafetyDialog from '@/components/contact/SafetyDialog.vue'
import AddContactView from '@/views/AddContactView.vue'
import type { Messenger } from '@/messenger/contract'
import { aContact } from '../../support/examples'
import { buttonNamed, byTestId, mount, unmountAll } from '../../support/mounted'

afterEach(unmountAll)

async function drawn(content: string): Promise<HTMLCanvasElement> {
  const canvas = document.createElement('canvas')
  await toCanvas(canvas, content, { width: 300, margin: 4 })
  return canvas
}

async function pick(content: string): Promise<void> {
  const canvas = await drawn(content)
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done))
  const files = new DataTransfer()
  files.items.add(new File([blob as Blob], 'code.png', { type: 'image/png' }))
  const input = byTestId('scanner-file') as HTMLInputElement
  input.files = files.files
  input.dispatchEvent(new Event('change'))
}

test('a picture file adds unverified', async () => {
  const calls: string[] = []
  const noting = (name: string) => async (content: string) => {
    calls.push(`${name} ${content}`)
    return 'id'
  }
  const messenger: Partial<Messenger> = {
    addContactByCode: noting('code'),
    addContactByQr: noting('camera'),
  }
  mount(AddContactView, { tab: 'scan' }, messenger)
  await pick('sealstream:contact?u=bob&k=x')
  await expect.poll(() => calls).toEqual(['code sealstream:contact?u=bob&k=x'])
})

test('a safety number is not compared by a picture file', async () => {
  const contact = aContact()
  const messenger = { safetyNumber: async () => ({ groups: [], qr: 'x', identity: 'x' }) }
  mount(SafetyDialog, { contact, open: true }, messenger)
  await expect.poll(() => buttonNamed('Scan their code')).toBeDefined()
  buttonNamed('Scan their code')?.click()
  await expect.poll(() => byTestId('scanner-video')).not.toBeNull()
  expect(byTestId('scanner-file')).toBeNull()
  expect(buttonNamed('Use a picture')).toBeUndefined()
})
