import { describe, expect, test } from 'vitest'
import { fileName } from '@/text/file-names'

describe('a name that somebody else gave is fit for this device', () => {
  test.each([
    ['holiday.jpg', 'holiday.jpg'],
    ['Grüße 👋.pdf', 'Grüße 👋.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\evil.exe', 'evil.exe'],
    ['a\u0000b\n.txt', 'ab.txt'],
    ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
    ['.bashrc', 'bashrc'],
    ['name. . ', 'name'],
    ['a<b>:"|?*.txt', 'ab.txt'],
    ['con.txt', '_con.txt'],
    ['', 'file'],
    ['...', 'file'],
    ['\u200B', 'file'],
    ['dir/', 'file'],
  ])('%j is %j', (given, clean) => {
    expect(fileName(given)).toBe(clean)
  })
  test('a long one is cut before its ending', () => {
    const cut = fileName(`${'x'.repeat(300)}.jpeg`)
    expect(cut.length).toBeLessThanOrEqual(120)
    expect(cut.endsWith('.jpeg')).toBe(true)
    expect(fileName('👋'.repeat(200)).isWellFormed()).toBe(true)
  })
})
