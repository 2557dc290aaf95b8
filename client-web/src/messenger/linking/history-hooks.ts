import type { TransferHooks } from '@/files/thread'
import type { Core } from '@/messenger/core/core'

/** Of a transfer of history: views are told of whole files alone. */
export const hooksOf = ({ api }: Core): TransferHooks => ({
  token: (renew) => api.token(renew),
  placed: () => undefined,
  progress: () => undefined,
  waits: () => undefined,
})
