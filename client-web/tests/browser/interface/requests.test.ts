/** A request that cannot be accepted as it is has a way on. */
import { afterEach, expect, test } from 'vitest'
import DecisionBar from '@/components/chat/DecisionBar.vue'
import RequestList from '@/views/RequestList.vue'
import { useContactsStore } from '@/stores'
import { MessengerError } from '@/messenger/contract'
import { aContact, aMessage } from '../../support/examples'
import { byTestId, mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

test('who has a new key since writing is added by their new code: said, and one press away', async () => {
  const contact = aContact({ relation: 'request' })
  const { userId, username, code, identity } = contact
  const last = aMessage({ text: 'may I?' })
  const request = { userId, username, code, identity, receivedAt: 1, count: 1, last }
  const { router } = mount(
    DecisionBar,
    { name: username, contact, request },
    { acceptRequest: () => Promise.reject(new MessengerError('request_outdated')) },
  )
  byTestId('request-accept')?.click()
  await until(() => byTestId('request-enter-code') !== null, 'a way on')
  expect(byTestId('request-bar')?.textContent).toContain('has a new key since writing')
  expect(byTestId('request-accept')).toBeNull()
  expect(byTestId('request-decline')).not.toBeNull()
  byTestId('request-enter-code')?.click()
  await until(() => router.currentRoute.value.name === 'add', 'where codes are entered')
  expect(router.currentRoute.value.params['tab']).toBe('enter')
})

test.each([
  ['a text that shows nothing', { text: '\n\u200b\n' }, 'Only invisible characters'],
  ['blank lines before the first word', { text: `${'\u200b\n'.repeat(200)}may I?` }, 'may I?'],
  ['a type that is not known', { kind: 'unknown' as const, text: '' }, 'Not supported'],
])('its row says what it is: %s', (_, over, shown) => {
  const { userId, username, code, identity } = aContact({ relation: 'request' })
  const known = { userId, username, code, identity, receivedAt: 1, count: 1 }
  const { root } = mount(RequestList, {})
  useContactsStore().requests = [{ ...known, last: aMessage(over) }]
  return until(() => (root.textContent ?? '').includes(shown), shown)
})
