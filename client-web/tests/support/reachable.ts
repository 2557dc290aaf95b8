/** All bytes and texts that can be reached from some objects. */

/** One character per byte. */
const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** Whole buffers: what a view leaves out can be reached as well. */
export function reachable(...roots: unknown[]): Reached {
  const seen = new Set<object>()
  const found: string[] = []
  const keys: CryptoKey[] = []
  const waiting: unknown[] = [...roots]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === 'string') found.push(value)
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue
    if (value === globalThis || seen.has(value)) continue
    seen.add(value)
    if (value instanceof CryptoKey) keys.push(value)
    else if (ArrayBuffer.isView(value)) waiting.push(value.buffer)
    else if (value instanceof ArrayBuffer) found.push(latin1(new Uint8Array(value)))
    else if (value instanceof Map) waiting.push(...value.keys(), ...value.values())
    else if (value instanceof Set) waiting.push(...value)
    else {
      for (const part of Object.values(Object.getOwnPropertyDescriptors(value))) {
        waiting.push(part.value)
      }
    }
  }
  return new Reached(found.join('\n'), keys)
}

export class Reached {
  constructor(
    private readonly text: string,
    readonly keys: readonly CryptoKey[],
  ) {}

  /** As they are, or as base64 or hex. */
  holds(bytes: Uint8Array): boolean {
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
    // The last characters depend on what follows.
    const base64 = btoa(latin1(bytes)).slice(0, Math.floor((bytes.length * 4) / 3) - 1)
    return [latin1(bytes), hex, base64].some((form) => this.text.includes(form))
  }

  /** Names that stand in every session as the library writes it, and in nothing else. */
  holdsSession(): boolean {
    return /currentRatchet|rootKey|chainKey|messageKeys/.test(this.text)
  }
}

/** Writes down what goes over to a thread, and what it answers. */
export function recorded(thread: Worker, messages: unknown[]): Worker {
  const post = thread.postMessage.bind(thread)
  thread.addEventListener('message', ({ data }) => messages.push(data))
  return Object.assign(thread, {
    postMessage(message: unknown, transfer: Transferable[] = []) {
      messages.push(structuredClone(message))
      post(message, transfer)
    },
  })
}
