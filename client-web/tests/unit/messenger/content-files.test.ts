import { describe, expect, test } from 'vitest'
import { decodeContent } from '@/messenger/contents/codec'
import { altered, expected, problem } from '../../support/raw-content'

describe('files in a text', () => {
  const pointer = {
    id: 'A'.repeat(43),
    key: btoa('k'.repeat(32)),
    size: 5,
    type: 'image/jpeg',
    name: 'beach.jpg',
    digest: btoa('d'.repeat(32)),
  }
  const hints = { width: 4, height: 3, duration_ms: 900, thumbnail: btoa('t'), voice: true }
  const filesOf = (files: unknown) =>
    (decodeContent(altered({ files }), expected) as { files?: unknown[] }).files

  test('come as they were sent, with and without what need not be known', () => {
    expect(filesOf([pointer, { ...pointer, ...hints }])).toEqual([
      pointer,
      { ...pointer, ...hints },
    ])
    expect(filesOf(undefined)).toBeUndefined()
    expect(filesOf([])).toBeUndefined()
    expect(filesOf([{ ...pointer, more: 1 }])).toEqual([pointer])
  })
  test.each([
    ['no list', 'beach.jpg'],
    ['more than twenty', Array.from({ length: 21 }, () => pointer)],
    ['an id that is none', [{ ...pointer, id: '../../v1/keys' }]],
    ['a short key', [{ ...pointer, key: btoa('k') }]],
    ['a digest that is no base64', [{ ...pointer, digest: '!' }]],
    ['a negative size', [{ ...pointer, size: -1 }]],
    ['a size that is no number', [{ ...pointer, size: '5' }]],
    ['no name', [{ ...pointer, name: undefined }]],
    ['a name without end', [{ ...pointer, name: 'x'.repeat(256) }]],
    ['a type that is no text', [{ ...pointer, type: 7 }]],
  ])('with %s are refused', (_name, files) => {
    expect(problem(altered({ files }))).toBe('malformed')
  })
  test.each([
    [{ width: 4 }],
    [{ width: 0, height: 3 }],
    [{ width: 1e9, height: 3 }],
    [{ duration_ms: -1 }],
    [{ thumbnail: btoa('t'.repeat(4_097)) }],
    [{ thumbnail: '!no' }],
    [{ thumbnail: '' }],
    [{ voice: 'yes' }],
  ])('lose a hint that is none: %o', (hint) => {
    expect(filesOf([{ ...pointer, ...hint }])).toEqual([pointer])
  })
})
