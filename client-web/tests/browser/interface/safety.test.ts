/** Comparing a safety number, wherever it is opened: what is pressed is about what is on screen. */
import { afterEach, describe, expect, test } from 'vitest'
import { nextTick, shallowRef } from 'vue'
import EncryptionDialog from '@/components/chat/EncryptionDialog.vue'
import KeyChangeWarning from '@/components/contact/KeyChangeWarning.vue'
import SafetyDialog from '@/components/contact/SafetyDialog.vue'
import type { Contact, Messenger, SafetyNumber } from '@/messenger/contract'
import { MessengerError } from '@/messenger/contract'
import { useContactsStore } from '@/stores'
import ContactView from '@/views/ContactView.vue'
import { aContact } from '../../support/examples'
import { buttonNamed, byTestId, mount, unmountAll } from '../../support/mounted'
import { until } from '../../support/wait'

afterEach(unmountAll)

const OLD = 'A'.repeat(53)
const NEW = 'B'.repeat(53)
const NEWER = 'C'.repeat(53)
const changed = aContact({ trust: 'changed', identity: OLD, changedIdentity: NEW })

const numberOf = (identity: string): SafetyNumber => ({
  groups: Array.from({ length: 12 }, () => String(identity.charCodeAt(0)).padStart(5, '0')),
  qr: `sealstream:safety?n=${'1'.repeat(60)}`,
  identity,
})

/** Answers at once, of the key that is in question; notes what is decided. */
function compliant(contact: () => Contact) {
  const decisions: unknown[][] = []
  const messenger: Partial<Messenger> = {
    safetyNumber: async () => numberOf(contact().changedIdentity ?? contact().identity),
    markVerified: async (...args) => void decisions.push(['verified', ...args]),
    acceptNewKey: async (...args) => void decisions.push(['accepted', ...args]),
  }
  return { messenger, decisions }
}

async function press(id: string): Promise<void> {
  await until(() => byTestId(id)?.matches(':enabled') === true, `${id} can be pressed`)
  byTestId(id)?.click()
}

describe('“They match”, for a changed key', () => {
  test('verifies the key whose number was shown, where the warning stands', async () => {
    const { messenger, decisions } = compliant(() => changed)
    mount(KeyChangeWarning, { contact: changed }, messenger)
    await press('compare-now')
    await press('numbers-match')
    await until(() => decisions.length > 0, 'decided')
    expect(decisions).toEqual([['verified', changed.userId, NEW]])
    await until(() => byTestId('numbers-match') === null, 'closed')
  })

  test('on the page of the contact', async () => {
    const { messenger, decisions } = compliant(() => changed)
    mount(ContactView, { id: changed.userId }, messenger)
    useContactsStore().byId.set(changed.userId, changed)
    await press('verify-open')
    await press('numbers-match')
    await until(() => decisions.length > 0, 'decided')
    expect(decisions).toEqual([['verified', changed.userId, NEW]])
  })

  test('behind the shield of the chat', async () => {
    const { messenger, decisions } = compliant(() => changed)
    const props = { open: true, name: 'anna', contact: changed, request: false }
    mount(EncryptionDialog, props, messenger)
    await until(() => buttonNamed('Compare safety number') !== undefined, 'opened')
    buttonNamed('Compare safety number')?.click()
    await press('numbers-match')
    await until(() => decisions.length > 0, 'decided')
    expect(decisions).toEqual([['verified', changed.userId, NEW]])
  })

  test('says so when another key is in question by now', async () => {
    const { messenger, decisions } = compliant(() => changed)
    messenger.markVerified = () => Promise.reject(new MessengerError('key_outdated'))
    mount(SafetyDialog, { open: true, contact: changed }, messenger)
    await press('numbers-match')
    await until(
      () => document.body.textContent?.includes('The key has changed since it was shown') === true,
      'said',
    )
    // The numbers stay in sight, and nothing else was decided instead.
    expect(byTestId('numbers-match')).not.toBeNull()
    expect(decisions).toEqual([])
  })
})

test('accepting is for the key that was there when the question was asked', async () => {
  const contact = shallowRef(changed)
  const { messenger, decisions } = compliant(() => contact.value)
  mount(KeyChangeWarning, () => ({ contact: contact.value }), messenger)
  await press('accept-key')
  await until(() => document.querySelector('[role="dialog"]') !== null, 'asked')
  contact.value = { ...changed, changedIdentity: NEWER }
  await nextTick()
  document.querySelector<HTMLElement>('[role="dialog"] footer button:last-child')?.click()
  await until(() => decisions.length > 0, 'decided')
  expect(decisions).toEqual([['accepted', changed.userId, NEW]])
})

describe('while the number is worked out', () => {
  /** Each question waits for its answer. */
  function slow() {
    const waiting: ((number: SafetyNumber) => void)[] = []
    const messenger: Partial<Messenger> = {
      safetyNumber: () => new Promise((done) => waiting.push(done)),
    }
    return { messenger, waiting }
  }
  const shown = (): string => byTestId('safety-number')?.textContent?.slice(0, 5) ?? ''
  const skeleton = (): Element | null =>
    document.querySelector('[aria-label="Working out the safety number"]')

  test('its place is kept, and nothing can be said to match', async () => {
    const { messenger, waiting } = slow()
    mount(SafetyDialog, { open: true, contact: changed }, messenger)
    await until(() => skeleton() !== null, 'the skeleton')
    expect(byTestId('numbers-match')?.matches(':disabled')).toBe(true)
    waiting[0]?.(numberOf(NEW))
    await until(() => shown() === '00066', 'the number')
    expect(skeleton()).toBeNull()
    expect(byTestId('numbers-match')?.matches(':enabled')).toBe(true)
  })

  test('a key that comes meanwhile is worked out next; the first answer is not shown', async () => {
    const { messenger, waiting } = slow()
    const contact = shallowRef<Contact>(aContact({ identity: OLD }))
    mount(SafetyDialog, () => ({ open: true, contact: contact.value }), messenger)
    await until(() => waiting.length === 1, 'asked')
    contact.value = changed
    await new Promise((done) => setTimeout(done, 20))
    waiting[0]?.(numberOf(OLD))
    await until(() => waiting.length === 2, 'asked again')
    expect(shown()).toBe('')
    waiting[1]?.(numberOf(NEW))
    await until(() => shown() === '00066', 'the number of the new key')
  })

  test('a number that was shown goes when another key comes', async () => {
    const { messenger, waiting } = slow()
    const contact = shallowRef(changed)
    mount(SafetyDialog, () => ({ open: true, contact: contact.value }), messenger)
    await until(() => waiting.length === 1, 'asked')
    waiting[0]?.(numberOf(NEW))
    await until(() => shown() === '00066', 'shown')
    contact.value = { ...changed, changedIdentity: NEWER }
    await until(() => skeleton() !== null, 'gone')
    expect(byTestId('numbers-match')?.matches(':disabled')).toBe(true)
    waiting[1]?.(numberOf(NEWER))
    await until(() => shown() === '00067', 'the newer one')
  })
})
