/** What videos and GIFs hold beside the pictures stays behind when they are sent; the pictures stay as they were. */
import { describe, expect, test } from 'vitest'
import { withoutMetadata } from '@/composables/metadata/without-metadata'

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value)
const joined = async (...parts: BlobPart[]): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await new Blob(parts).arrayBuffer())
const bytesOf = async (blob: Blob | null) => new Uint8Array((await blob?.arrayBuffer()) ?? [])
const latin = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => String.fromCodePoint(byte)).join('')
const number = (value: number, length = 4): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256)

const PLACE = '+52.5163+013.3777/'

/** Some frames of a canvas, as this browser records them. */
async function recorded(type: string): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = document.createElement('canvas')
  canvas.width = 64
  canvas.height = 48
  const context = canvas.getContext('2d')
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: type })
  const parts: Blob[] = []
  recorder.addEventListener('dataavailable', ({ data }) => parts.push(data))
  const ended = new Promise((done) => recorder.addEventListener('stop', done, { once: true }))
  recorder.start(20)
  // A browser that is busy takes its time until it has a frame.
  for (let frame = 0; frame < 10 || parts.every(({ size }) => size < 200); frame++) {
    if (context) context.fillStyle = frame % 2 ? '#f00' : '#d00'
    context?.fillRect(0, 0, 64, 48)
    await new Promise(requestAnimationFrame)
  }
  recorder.stop()
  await ended
  return joined(...parts)
}

/** Its size, and the colour of its first frame. */
async function played(content: Blob) {
  const video = document.createElement('video')
  video.muted = true
  video.src = URL.createObjectURL(content)
  await new Promise((done, fail) => {
    video.addEventListener('loadeddata', done, { once: true })
    video.addEventListener('error', () => fail(new Error(video.error?.message)), { once: true })
  })
  const canvas = new OffscreenCanvas(1, 1)
  const context = canvas.getContext('2d')
  context?.drawImage(video, 0, 0, 1, 1)
  const colour = [...(context?.getImageData(0, 0, 1, 1).data ?? [])]
  return { width: video.videoWidth, height: video.videoHeight, colour }
}

const box = (type: string, ...content: BlobPart[]) => joinedBox(type, content)
async function joinedBox(type: string, content: BlobPart[]): Promise<Uint8Array<ArrayBuffer>> {
  const body = await joined(...content)
  return joined(number(body.length + 8), text(type), body)
}

/** The place of a box's type, from `from` on. */
const find = (bytes: Uint8Array, type: string, from = 0): number => latin(bytes).indexOf(type, from)

describe('a video that this browser recorded', () => {
  test('as MP4, with what a phone writes beside it', async () => {
    const plain = await recorded('video/mp4')
    const udta = await box('udta', await box('\u00a9xyz'.slice(0, 4), text(PLACE)))
    const movie = find(plain, 'moov') - 4
    const size = new DataView(plain.buffer).getUint32(movie)
    const told = await joined(
      plain.subarray(0, movie),
      number(size + udta.length),
      plain.subarray(movie + 4, movie + size),
      udta,
      plain.subarray(movie + size),
      await box('uuid', text('<x:xmpmeta>a phone</x:xmpmeta>')),
    )
    const dated = find(told, 'mvhd') + 8
    told.set(number(3_900_000_000), dated)
    const cleaned = await withoutMetadata(new Blob([told], { type: 'video/mp4' }))
    const bytes = await bytesOf(cleaned)
    expect(bytes.length).toBe(told.length)
    expect(latin(bytes)).not.toContain(PLACE)
    expect(latin(bytes)).not.toContain('xmpmeta')
    expect([...bytes.subarray(dated, dated + 4)]).toEqual([0, 0, 0, 0])
    const before = await played(new Blob([plain]))
    expect(before).toMatchObject({ width: 64, height: 48 })
    expect(await played(cleaned ?? new Blob())).toEqual(before)
  })

  test('as WebM, with the program that wrote it, and tags', async () => {
    const plain = await recorded('video/webm')
    expect(latin(plain)).toContain('Chrome')
    // Of a segment of unknown size the tags may stand at the end.
    const segment = find(plain, latin(number(0x18538067))) + 4
    plain.set([0x01, ...Array.from({ length: 7 }, () => 0xff)], segment)
    const tags = await joined(number(0x1254c367), number(0x80 | PLACE.length, 1), text(PLACE))
    const told = await joined(plain, tags)
    const cleaned = await withoutMetadata(new Blob([told], { type: 'video/webm' }))
    const bytes = await bytesOf(cleaned)
    expect(bytes.length).toBe(told.length)
    expect(latin(bytes)).not.toContain('Chrome')
    expect(latin(bytes)).not.toContain(PLACE)
    const before = await played(new Blob([plain]))
    expect(before).toMatchObject({ width: 64, height: 48 })
    expect(await played(cleaned ?? new Blob())).toEqual(before)
  })
})

test('a track of places is erased with its samples, and nothing moves', async () => {
  const header = (type: string) => box(type, number(0), number(3_900_000_000), number(1), number(0))
  const track = async (kind: string, at: number, length: number) =>
    box(
      'trak',
      await header('tkhd'),
      await box('meta', text('a name')),
      await box(
        'mdia',
        await header('mdhd'),
        await box('hdlr', number(0, 8), text(kind), text('appl'), number(0, 8), text('Core Media')),
        await box(
          'minf',
          await box(
            'stbl',
            await box('stsz', number(0), number(0), number(2), number(length), number(length)),
            await box('stsc', number(0), number(1), number(1), number(2), number(1)),
            await box('stco', number(0), number(1), number(at)),
          ),
        ),
      ),
    )
  const ftyp = await box('ftyp', text('qt  '))
  const media = await box('mdat', text('PICTURES'), text(PLACE))
  const start = ftyp.length + 8
  const moov = await box(
    'moov',
    await header('mvhd'),
    await track('vide', start, 4),
    await track('meta', start + 8, PLACE.length / 2),
  )
  const whole = await joined(ftyp, media, moov)
  const cleaned = await bytesOf(
    await withoutMetadata(new Blob([whole], { type: 'video/quicktime' })),
  )
  expect(cleaned.length).toBe(whole.length)
  expect(find(cleaned, 'PICTURES')).toBe(start)
  for (const gone of [PLACE, 'appl', 'Core Media', 'a name', latin(number(3_900_000_000))]) {
    expect(latin(cleaned)).not.toContain(gone)
  }
  expect(latin(cleaned).match(/trak/g)).toHaveLength(1)
})

test('a GIF keeps its pictures and how often it repeats', async () => {
  const picture = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]
  const frame = Uint8Array.from([0x21, 0xf9, 4, 4, 10, 0, 0, 0, ...picture])
  const head = [...text('GIF89a'), 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 0]
  const repeats = await joined(
    Uint8Array.of(0x21, 0xff, 11),
    text('NETSCAPE2.0'),
    Uint8Array.of(3, 1, 0, 0, 0),
  )
  const told = await joined(
    Uint8Array.from(head),
    repeats,
    Uint8Array.of(0x21, 0xfe, PLACE.length),
    text(PLACE),
    Uint8Array.of(0, 0x21, 0xff, 11),
    text('XMP DataXMP'),
    Uint8Array.of(PLACE.length),
    text(PLACE),
    Uint8Array.of(0),
    frame,
    frame,
    Uint8Array.of(0x3b),
    text(PLACE),
  )
  const cleaned = await withoutMetadata(new Blob([told], { type: 'image/gif' }))
  const plain = await joined(Uint8Array.from(head), repeats, frame, frame, Uint8Array.of(0x3b))
  expect(await bytesOf(cleaned)).toEqual(plain)
  const bitmap = await createImageBitmap(cleaned ?? new Blob())
  expect([bitmap.width, bitmap.height]).toEqual([1, 1])
})

test.each(['video/mp4', 'video/webm', 'image/gif', 'video/x-msvideo', 'application/pdf'])(
  'what calls itself %s and is none is left as it is',
  async (type) => {
    for (const content of ['', 'GIF89a', 'something else, and long enough to be read'.repeat(3)]) {
      expect(await withoutMetadata(new Blob([content], { type }))).toBeNull()
    }
  },
)
