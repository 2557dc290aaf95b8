/** Passkeys on the web; see `Passkeys`. Fetched when the lock settings are first opened. */
import { random } from '@/crypto/bytes'
import type { Bytes } from '@/crypto/bytes'
import { PasskeyError } from './platform'
import type { Passkeys } from './platform'

/** Timeout of the browser's prompt, ms. */
const PATIENCE = 120_000
/** ES256, Ed25519, RS256 (Windows). Any of them will do: no signature is ever checked. */
const ALGORITHMS = [-7, -8, -257]

/** A passkey is bound to a domain name, which a page at an IP address has not. */
const namedHost = (host: string): boolean => !/^[\d.]+$|^\[/.test(host)

async function supported(): Promise<boolean> {
  const { PublicKeyCredential: credentials } = globalThis as {
    PublicKeyCredential?: typeof PublicKeyCredential
  }
  if (!credentials?.getClientCapabilities || !namedHost(location.hostname)) return false
  try {
    return (await credentials.getClientCapabilities())['extension:prf'] === true
  } catch {
    return false
  }
}

async function create(name: string, salt: Bytes): Promise<{ id: Bytes; secret: Bytes }> {
  const made = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { name: 'Sealstream' },
        user: { id: random(16), name, displayName: name },
        challenge: random(32),
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
        attestation: 'none',
        timeout: PATIENCE,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  )
  const { prf } = made.getClientExtensionResults()
  if (!prf?.enabled && !prf?.results) throw new PasskeyError('unsupported')
  const id = new Uint8Array(made.rawId)
  const given = prf.results?.first
  // Many authenticators return the secret only to a second request.
  return { id, secret: given ? bytesOf(given) : await secret(id, salt) }
}

async function secret(id: Bytes, salt: Bytes): Promise<Bytes> {
  const shown = await ask(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: random(32),
        allowCredentials: [{ type: 'public-key', id }],
        userVerification: 'required',
        timeout: PATIENCE,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  )
  const found = shown.getClientExtensionResults().prf?.results?.first
  if (!found) throw new PasskeyError('unsupported')
  return bytesOf(found)
}

/** Browsers report a person's refusal, a lost passkey and a timeout as one error. */
async function ask(prompt: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await prompt()
    if (!credential) throw new PasskeyError('cancelled')
    return credential as PublicKeyCredential
  } catch (cause) {
    if (cause instanceof PasskeyError) throw cause
    const name = cause instanceof DOMException ? cause.name : ''
    const refused = name === 'NotAllowedError' || name === 'AbortError'
    throw new PasskeyError(refused ? 'cancelled' : 'unsupported', { cause })
  }
}

const bytesOf = (found: BufferSource): Bytes =>
  found instanceof ArrayBuffer
    ? new Uint8Array(found)
    : new Uint8Array(found.buffer as ArrayBuffer, found.byteOffset, found.byteLength).slice()

export const webPasskeys: Passkeys = { supported, create, secret }
