/** Scanning: what the camera sees verifies, what a picture file shows does not. */
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { toCanvas } from 'qrcode'
import QrScanner from '@/components/contact/QrScanner.vue'
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

/** The reader's code is fetched when it is first needed. */
const PATIENCE = { timeout: 10_000 }

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
  await expect.poll(() => calls, PATIENCE).toEqual(['code sealstream:contact?u=bob&k=x'])
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

describe('the camera', () => {
  /** Nothing that can be read stands before it. */
  function camera() {
    const opened: MediaStream[] = []
    const allowed = { now: true }
    vi.spyOn(navigator.mediaDevices, 'getUserMedia').mockImplementation(async () => {
      if (!allowed.now) throw new DOMException('no', 'NotAllowedError')
      const canvas = document.createElement('canvas')
      const picture = canvas.getContext('2d')
      opened.push(canvas.captureStream(10))
      const moving = setInterval(() => picture?.fillRect(0, 0, 1, 1), 50)
      onTestFinished(() => clearInterval(moving))
      return opened.at(-1) as MediaStream
    })
    const live = (): number =>
      opened.flatMap((stream) => stream.getTracks()).filter((one) => one.readyState === 'live')
        .length
    /** As when the system takes the camera away. */
    const end = (): void => {
      for (const track of opened.at(-1)?.getTracks() ?? []) {
        track.stop()
        track.dispatchEvent(new Event('ended'))
      }
    }
    return { opened, allowed, live, end }
  }
  const source = (): MediaStream | null =>
    (byTestId('scanner-video') as HTMLVideoElement).srcObject as MediaStream | null

  test('that is taken away starts again; withdrawn, it says so and offers another try', async () => {
    const { opened, allowed, live, end } = camera()
    mount(QrScanner, { instead: 'Type a code' })
    await expect.poll(() => document.querySelector('.finder'), PATIENCE).not.toBeNull()
    end()
    await expect.poll(() => opened.length, { timeout: 2_000 }).toBe(2)
    await expect.poll(() => source()).toBe(opened[1])
    await expect.poll(() => document.querySelector('.finder'), PATIENCE).not.toBeNull()
    expect(live()).toBe(1)
    allowed.now = false
    end()
    await expect.poll(() => document.body.textContent).toContain('The camera is not allowed')
    allowed.now = true
    buttonNamed('Try again')?.click()
    await expect.poll(() => source()).toBe(opened[2])
    unmountAll()
    expect(live()).toBe(0)
  })

  test('that died while the page was away starts again when it is seen', async () => {
    const { opened, live } = camera()
    mount(QrScanner, { instead: 'Type a code' })
    await expect.poll(() => document.querySelector('.finder'), PATIENCE).not.toBeNull()
    for (const track of opened[0]?.getTracks() ?? []) track.stop()
    dispatchEvent(new FocusEvent('focus'))
    await expect.poll(() => source(), { timeout: 2_000 }).toBe(opened[1])
    unmountAll()
    expect(live()).toBe(0)
  })

  test('that comes after one has left is let go', async () => {
    const { opened, live } = camera()
    mount(QrScanner, { instead: 'Type a code' })
    unmountAll()
    await expect.poll(() => opened.length).toBe(1)
    await expect.poll(() => live()).toBe(0)
  })
})
