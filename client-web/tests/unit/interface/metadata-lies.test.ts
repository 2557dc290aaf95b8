/** Videos and GIFs that were cut, or whose sizes lie: cleaned without a loss, or left as they are; never a hang. */
import { describe, expect, test } from 'vitest'
import { withoutMetadata } from '@/composables/metadata/without-metadata'

type Bytes = Uint8Array<ArrayBuffer>

const PLACE = '+52.5163+013.3777/'
const PICTURES = 'PICTURES'

const text = (value: string): Bytes => Uint8Array.from(value, (one) => one.codePointAt(0) ?? 0)
const number = (value: number, length = 4): Bytes =>
  Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256)
const joined = (...parts: (Bytes | string)[]): Bytes =>
  Uint8Array.from(parts.flatMap((one) => [...(typeof one === 'string' ? text(one) : one)]))
const latin = (bytes: Bytes): string => String.fromCodePoint(...bytes)

async function cleaned(whole: Bytes, type: string): Promise<string | null> {
  const blob = await withoutMetadata(new Blob([whole], { type }))
  return blob && latin(new Uint8Array(await blob.arrayBuffer()))
}

const box = (type: string, ...content: (Bytes | string)[]): Bytes => {
  const body = joined(...content)
  return joined(number(body.length + 8), type, body)
}
const long = (type: string, content: string): Bytes =>
  joined(number(1), type, number(content.length + 16, 8), content)
const header = (type: string): Bytes =>
  box(type, number(0), number(3_900_000_000), number(1), number(0))
const sizesOf = (...sizes: number[]): Bytes =>
  box('stsz', number(0), number(0), number(sizes.length), ...sizes.map((one) => number(one)))
const inOneChunk = (samples: number): Bytes =>
  box('stsc', number(0), number(1), number(1), number(samples), number(1))
const at = (place: number): Bytes => box('stco', number(0), number(1), number(place))
const farAt = (place: number): Bytes => box('co64', number(0), number(1), number(place, 8))
const track = (kind: string, ...tables: Bytes[]): Bytes =>
  box(
    'trak',
    header('tkhd'),
    box(
      'mdia',
      header('mdhd'),
      box('hdlr', number(0, 8), kind, number(0, 12)),
      box('minf', box('stbl', ...tables)),
    ),
  )
const pictures = (place: number, length = 8): Bytes =>
  track('vide', sizesOf(length), inOneChunk(1), at(place))

const ftyp = box('ftyp', 'isom')
const START = ftyp.length + 8

describe('an MP4', () => {
  const mdat = box('mdat', PICTURES, PLACE)
  const places = (...tables: Bytes[]): Bytes =>
    box('moov', header('mvhd'), pictures(START), track('meta', ...tables))

  test('with the tables behind and 64-bit places and sizes', async () => {
    const start = ftyp.length + 16
    const movie = box(
      'moov',
      header('mvhd'),
      track('vide', sizesOf(8), inOneChunk(1), farAt(start)),
      track('meta', sizesOf(9, 9), inOneChunk(2), farAt(start + 8)),
    )
    const whole = joined(ftyp, long('mdat', PICTURES + PLACE), movie)
    const found = await cleaned(whole, 'video/mp4')
    expect(found).toHaveLength(whole.length)
    expect(found?.slice(start, start + 8)).toBe(PICTURES)
    expect(found).not.toContain(PLACE)
  })

  test('whose last box reaches to the end', async () => {
    const movie = box('moov', header('mvhd'), pictures(ftyp.length + 8 + 400))
    const before = box('free', text(' '.repeat(400 - movie.length - 8)))
    const whole = joined(ftyp, movie, before, number(0), 'mdat', PICTURES)
    expect(await cleaned(whole, 'video/mp4')).toContain(PICTURES)
  })

  test.each(['text', 'sbtl', 'subt'])('whose %s track names places', async (kind) => {
    const movie = box(
      'moov',
      pictures(START),
      track(kind, sizesOf(18), inOneChunk(1), at(START + 8)),
    )
    const found = await cleaned(joined(ftyp, mdat, movie), 'video/mp4')
    expect(found).toContain(PICTURES)
    expect(found).not.toContain(PLACE)
  })

  test('whose media has a size that is too small keeps its pictures', async () => {
    const short = joined(number(8), 'mdat', number(20), 'PICTURES', PICTURES)
    const whole = joined(ftyp, short, box('moov', pictures(START, 20)))
    expect((await cleaned(whole, 'video/mp4')) ?? latin(whole)).toContain(PICTURES + PICTURES)
  })

  test('whose boxes break off before its pictures keeps them', async () => {
    const movie = (place: number): Bytes => box('moov', pictures(place))
    const place = ftyp.length + movie(0).length + 8
    const whole = joined(ftyp, movie(place), number(5), number(0), PICTURES)
    expect((await cleaned(whole, 'video/mp4')) ?? latin(whole)).toContain(PICTURES)
  })

  test('whose track of places claims the pictures, or the tables, keeps them', async () => {
    for (const place of [START + 4, 0]) {
      const whole = joined(ftyp, mdat, places(sizesOf(18), inOneChunk(1), at(place)))
      expect(await cleaned(whole, 'video/mp4')).toBeNull()
    }
  })

  test('whose tables claim billions of samples is read at once', async () => {
    const billions = 0xff_ff_ff_ff
    const fixed = box('stsz', number(0), number(1), number(billions))
    await cleaned(joined(ftyp, mdat, places(fixed, inOneChunk(billions), at(START))), 'video/mp4')
    const runs = 100_000
    const table = new Uint8Array(12 * runs)
    const view = new DataView(table.buffer)
    for (let run = 0; run < runs; run++) {
      view.setUint32(12 * run, run + 1)
      view.setUint32(12 * run + 4, 1)
    }
    const offsets = new Uint8Array(4 * runs)
    const whole = places(
      fixed,
      box('stsc', number(0), number(runs), table),
      box('stco', number(0), number(runs), offsets),
    )
    expect(await cleaned(joined(ftyp, mdat, whole), 'video/mp4')).toBeNull()
  })

  test('with headers that are too short loses nothing that follows', async () => {
    const movie = box('moov', box('mvhd'), pictures(START))
    const found = await cleaned(joined(ftyp, mdat, movie), 'video/mp4')
    expect(found).toContain('mvhd' + latin(number(pictures(START).length)) + 'trak')
  })

  test('cut anywhere, or with any size that lies, is no error and keeps its length', async () => {
    const whole = joined(ftyp, mdat, places(sizesOf(9, 9), inOneChunk(2), at(START + 8)))
    for (let end = 0; end <= whole.length; end++) {
      const found = await cleaned(whole.slice(0, end), 'video/mp4')
      if (found !== null) expect(end - found.length).toBeLessThan(8)
    }
    for (let place = 0; place + 4 <= whole.length; place++) {
      for (const lie of [0, 1, 7, 9, 0x7f_ff_ff_ff, 0xff_ff_ff_ff]) {
        const lying = whole.slice()
        lying.set(number(lie), place)
        // oxlint-disable-next-line no-await-in-loop
        await cleaned(lying, 'video/mp4')
      }
    }
  })
})

describe('a WebM', () => {
  const element = (id: number, ...content: (Bytes | string)[]): Bytes => {
    const body = joined(...content)
    return joined(idOf(id), number(2 ** 28 + body.length), body)
  }
  const idOf = (id: number): Bytes => number(id, Math.ceil((32 - Math.clz32(id)) / 8))
  const open = (id: number, content: Bytes): Bytes => joined(idOf(id), Uint8Array.of(0xff), content)
  const head = element(0x1a45dfa3, element(0x4282, 'webm'))
  const [SEGMENT, INFO, CLUSTER, TAGS] = [0x18538067, 0x1549a966, 0x1f43b675, 0x1254c367]
  const pictures = element(CLUSTER, element(0xa3, PICTURES))
  const date = element(0x4461, '20250101')

  test('names neither the files before and after it nor its family', async () => {
    for (const id of [0x3cb923, 0x3c83ab, 0x3eb923, 0x3e83bb, 0x4444, 0x4461, 0x7384]) {
      const whole = joined(head, element(SEGMENT, element(INFO, element(id, PLACE)), pictures))
      const found = await cleaned(whole, 'video/webm')
      expect(found).toHaveLength(whole.length)
      expect(found).toContain(PICTURES)
      expect(found).not.toContain(PLACE)
    }
  })

  test('has no checksum of what is gone', async () => {
    const sum = element(0xbf, 'SUM.')
    const tracks = element(0x1654ae6b, sum, element(0xae, element(0x536e, 'name'), sum))
    const whole = joined(head, element(SEGMENT, sum, element(INFO, sum, date), tracks, pictures))
    const found = await cleaned(whole, 'video/webm')
    expect(found).not.toContain('SUM.')
    expect(found).toContain(PICTURES)
  })

  test('with something unreadable in between keeps what follows', async () => {
    const broken = joined(pictures, Uint8Array.of(0, 0), pictures)
    for (const whole of [element(SEGMENT, broken), open(SEGMENT, broken)]) {
      const found = await cleaned(joined(head, whole), 'video/webm')
      expect(found?.match(/PICTURES/g)).toHaveLength(2)
    }
  })

  test('whose information leaves its size open is left as it is', async () => {
    for (const part of [open(INFO, date), open(TAGS, text(PLACE))]) {
      expect(await cleaned(joined(head, open(SEGMENT, part)), 'video/webm')).toBeNull()
    }
  })

  test('cut anywhere, or with any byte that lies, is no error', async () => {
    const tags = element(TAGS, PLACE)
    const whole = joined(head, open(SEGMENT, joined(element(INFO, date), pictures, tags)))
    for (let end = 0; end <= whole.length; end++) {
      const found = await cleaned(whole.slice(0, end), 'video/webm')
      if (found !== null) expect(found).toHaveLength(end)
    }
    for (let place = 0; place < whole.length; place++) {
      for (const lie of [0, 1, 0x40, 0x80, 0xff]) {
        const lying = whole.slice()
        lying[place] = lie
        // oxlint-disable-next-line no-await-in-loop
        const found = await cleaned(lying, 'video/webm')
        expect(found?.length ?? 0).toBeLessThanOrEqual(whole.length)
      }
    }
  })
})

describe('a GIF', () => {
  const head = joined('GIF89a', Uint8Array.of(1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 0))
  const picture = Uint8Array.of(0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0)
  const extension = (label: number): Bytes =>
    joined(Uint8Array.of(0x21, label, PLACE.length), PLACE, Uint8Array.of(0))

  test('without a trailer is cleaned all the same', async () => {
    const whole = joined(head, extension(0xfe), picture)
    expect(await cleaned(whole, 'image/gif')).toBe(latin(joined(head, picture, ';')))
  })

  test('ends before what is no block', async () => {
    const whole = joined(head, picture, Uint8Array.of(0), PLACE)
    expect(await cleaned(whole, 'image/gif')).toBe(latin(joined(head, picture, ';')))
  })

  test('keeps no extension that is not drawn', async () => {
    const whole = joined(head, extension(0xce), picture, ';')
    expect(await cleaned(whole, 'image/gif')).not.toContain(PLACE)
  })

  test('cut anywhere keeps its pictures and no place', async () => {
    const whole = joined(head, extension(0xfe), picture, extension(0xfe), picture)
    for (let end = 0; end <= whole.length; end++) {
      const found = await cleaned(whole.slice(0, end), 'image/gif')
      if (found !== null) expect(found).not.toContain(PLACE)
      if (end >= whole.length - 1) expect(found).toContain(latin(picture.slice(0, -1)))
    }
  })
})
