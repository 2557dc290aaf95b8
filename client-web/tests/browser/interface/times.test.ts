/** Times come from others: none of them keeps a page from being drawn. */
import { afterEach, expect, test } from 'vitest'
import MessageBubble from '@/components/chat/MessageBubble.vue'
import MessageDetails from '@/components/chat/MessageDetails.vue'
import TimelineMarks from '@/components/chat/TimelineMarks.vue'
import ConversationRow from '@/components/list/ConversationRow.vue'
import SearchResults from '@/components/list/SearchResults.vue'
import ConnectionBanner from '@/components/system/ConnectionBanner.vue'
import { timeline } from '@/composables/timeline'
import { elapsed } from '@/platform/clock'
import { useConnectionStore } from '@/stores'
import { aMessage } from '../../support/examples'
import { mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

const impossible = [Number.NaN, Infinity, -1e300, -1, 8.64e15 + 1, Number.MAX_SAFE_INTEGER, 1e300]

test.each(impossible)('whatever shows a message shows one of %d', (at) => {
  const message = aMessage({ sentAt: at, acceptedAt: at, deliveredAt: at, readAt: at })
  const parts = [
    mount(MessageBubble, {
      message,
      name: 'anna',
      first: true,
      last: true,
      flash: false,
      tabStop: true,
    }),
    mount(MessageDetails, { message, name: 'anna' }),
    mount(SearchResults, {
      query: 'hello',
      people: [],
      hits: [{ message, name: 'anna', ranges: [[0, 5]] }],
      searching: false,
      error: null,
    }),
    mount(ConversationRow, {
      conversation: {
        id: message.conversation,
        username: 'anna',
        name: 'anna',
        isNotes: false,
        last: message,
        activeAt: at,
        unread: 1,
        markedUnread: false,
        muted: false,
        mutedUntil: null,
        pinned: false,
        archived: false,
        typing: false,
        draft: '',
      },
      contact: null,
      active: false,
    }),
  ]
  for (const row of timeline([message, { ...message, id: 'other' }])) {
    if (row.kind !== 'bubble') parts.push(mount(TimelineMarks, { row, name: 'anna' }))
  }
  expect(parts.flatMap(({ faults }) => faults)).toEqual([])
  expect(document.querySelectorAll('[role=article] time')).toHaveLength(1)
  expect(document.body.textContent).toContain('hello')
})

test('one separator stands over messages of the same impossible day', () => {
  const rows = timeline([aMessage({ sentAt: 1e300 }), aMessage({ id: 'other', sentAt: 1e300 })])
  expect(rows.map(({ kind }) => kind)).toEqual(['day', 'bubble', 'bubble'])
})

test('a date of this device that is days from the server’s is said, and only while it is', async () => {
  const { root } = mount(ConnectionBanner, {})
  const { state } = useConnectionStore()
  const DAY = 86_400_000
  for (const [ahead, said] of [
    [31.5, 'Check this device’s date: it is 31 days off the server’s.'],
    [-1.5, 'Check this device’s date: it is 1 day off the server’s.'],
    [0.9, ''],
  ] as const) {
    Object.assign(state, { state: 'online', relayClock: Date.now() - ahead * DAY - elapsed() })
    // What goes fades first.
    const shown = () => root.textContent?.match(/^.* off the server’s\./)?.[0] ?? ''
    await until(() => shown() === said, said || 'nothing')
  }
})
