/** Settings as views know them, of the stored ones, and back. */
import { defaultSettings } from '@/messenger/contract'
import type { Settings } from '@/messenger/contract'
import type { SettingsRecord } from './records'

/** Settings that the person never changed have this build's defaults. */
export const shownSettings = (record: SettingsRecord | null): Settings => ({
  ...defaultSettings,
  ...record,
})

export const settingsRecord = (settings: Settings): SettingsRecord => ({
  readReceipts: settings.readReceipts,
  typingIndicators: settings.typingIndicators,
  presence: settings.presence,
  enterSends: settings.enterSends,
  theme: settings.theme,
  language: settings.language,
  autoLockMinutes: settings.autoLockMinutes,
  listWidth: settings.listWidth,
  notifications: settings.notifications,
  notificationNames: settings.notificationNames,
  signedReceipts: settings.signedReceipts,
})
