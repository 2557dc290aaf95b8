import { CryptoError } from '@/crypto/errors'

/** Runs a libsignal call; whatever it throws becomes a `CryptoError`. */
export async function translate<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof CryptoError) throw error
    if (!(error instanceof Error)) throw new CryptoError('internal', String(error))
    throw new CryptoError(codeOf(error), error.message, { cause: error })
  }
}

function codeOf(error: Error): CryptoError['code'] {
  if (error.name === 'MessageCounterError') return 'duplicate'
  if (error.message.startsWith('Over 2000')) return 'too_far'
  if (error.message === 'Identity key changed') return 'identity_mismatch'
  if (error.message === 'Invalid signature') return 'bad_signature'
  if (error.message.startsWith('Invalid public key')) return 'bad_key'
  return 'bad_message'
}
