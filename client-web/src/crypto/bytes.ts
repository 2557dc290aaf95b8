/** Helpers for Uint8Array. All other modules pass Uint8Array, never ArrayBuffer. */

export type Bytes = Uint8Array<ArrayBuffer>

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text)

/** Strict: malformed UTF-8 throws a TypeError. */
export const fromUtf8 = (bytes: Uint8Array): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(bytes)

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Compares without stopping at the first difference. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/** A copy that owns its whole buffer, so that `.buffer` means exactly these bytes. */
export function own(bytes: Uint8Array | ArrayBuffer): Bytes {
  return new Uint8Array(bytes instanceof ArrayBuffer ? bytes.slice(0) : Uint8Array.from(bytes))
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length))
}

export function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let i = 0; i < bytes.length; i += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  }
  return btoa(binary)
}

/** @throws TypeError for anything but standard base64 */
export function fromBase64(text: string): Bytes {
  let binary: string
  try {
    binary = atob(text)
  } catch (cause) {
    throw new TypeError('not base64', { cause })
  }
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}
