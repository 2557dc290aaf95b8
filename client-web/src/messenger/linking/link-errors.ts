import { CryptoError } from '@/crypto/errors'
import { MessengerError } from '@/messenger/contract'
import { RelayError } from '@/wire/errors'

/** What goes wrong in a link, as the person is told of it. */
export async function asLinkErrors<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (signal.aborted) throw new MessengerError('cancelled', 'the link was left', {}, { cause })
    if (cause instanceof CryptoError && ['bad_link', 'bad_key'].includes(cause.code)) {
      throw new MessengerError('link_broken', cause.message, {}, { cause })
    }
    if (!(cause instanceof RelayError)) throw cause
    if (cause.code === 'not_found') throw new MessengerError('link_expired', '', {}, { cause })
    if (cause.code === 'conflict') throw new MessengerError('link_broken', '', {}, { cause })
    throw cause
  }
}
