import type { Elapsed } from '@/platform/clock'
import { Changes } from '@/storage/changes'
import { TokenKeeper } from '@/wire/tokens'
import type { SessionTokens } from '@/wire/types'
import { MessengerError } from '@/messenger/contract'
import type { SessionEnd } from '@/messenger/contract'
import type { OpenedData } from '@/messenger/core/opened-data'

interface Keeping {
  refresh(token: string): Promise<SessionTokens>
  /** Whether these are still the tokens of the session in use. */
  current(): boolean
  ended(end: SessionEnd): void
  now: () => number
  elapsed: Elapsed
}

/** Tokens that are stored at each renewal. Those of a session that is over do not replace the next one's. */
export function keptTokens(
  opened: OpenedData,
  tokens: SessionTokens,
  { refresh, current, ended, now, elapsed }: Keeping,
): TokenKeeper {
  return new TokenKeeper(tokens, {
    refresh,
    save: async (renewed) => {
      if (!current()) throw new MessengerError('signed_out')
      await opened.store.commit(new Changes().put('records', 'tokens', renewed))
      opened.tokens = renewed
    },
    ended: (end) => {
      if (current()) ended(end)
    },
    now,
    elapsed,
  })
}
