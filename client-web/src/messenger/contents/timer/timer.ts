/** For how long the messages of the conversation stay from now on. Of two changes the later wins. */
import { readAbout } from '@/messenger/contents/about'
import type { About } from '@/messenger/contents/about'
import { isDuration, malformed } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'
import { MAX_FALLBACK } from '@/messenger/contents/unknown/unknown'
import { shorten } from '@/text/graphemes'

export interface TimerBody {
  type: 'timer'
  /** 0: for good. */
  seconds: number
  /** What builds show that do not know the type: they keep the messages. */
  fallback?: string
  /** In copies that one's own other devices get. */
  for?: About
}

export const timer: ContentType<TimerBody> = {
  types: ['timer'],
  read(fields) {
    const { seconds, fallback } = fields
    if (seconds !== 0 && !isDuration(seconds)) throw malformed()
    return {
      type: 'timer',
      seconds,
      ...(typeof fallback === 'string' && { fallback: shorten(fallback, MAX_FALLBACK) }),
      ...readAbout(fields['for']),
    }
  },
  message: null,
  sync: 'copied',
  clock: 'relay',
  fromPerson: (effects, { content }) => effects.setTimer(content.seconds),
  fromOwnDevice: (effects, { content }) =>
    content.for && effects.setTimer(content.for, content.seconds),
}
