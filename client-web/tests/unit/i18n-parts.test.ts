/** English comes in parts, in any order. */
import { expect, test } from 'vitest'
import { chatTexts, completeTexts, i18n } from '@/i18n'

test('the part for the chats takes nothing from the whole when it comes after it', async () => {
  const { t } = i18n.global
  await completeTexts()
  expect(t('encryption.times.sent')).toBe('Sent')
  await chatTexts()
  expect(t('encryption.times.sent')).toBe('Sent')
  expect(t('encryption.open', { state: 'x' })).toBe('Encryption: x')
  expect(t('contact.safetyTitle')).toBe('Safety number')
})
