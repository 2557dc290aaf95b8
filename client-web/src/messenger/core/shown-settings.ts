/** Settings as views know them, of the stored ones, and back. */
import { defaultSettings } from '@/messenger/contract'
import type { Settings } from '@/messenger/contract'
import { decodeStored } from '@/storage/stored'
import type { SettingsRecord } from './records'
import { settings } from './stored-records'

/** The same on all of one's devices; the others belong to a device. */
const shared = [
  'readReceipts',
  'typingIndicators',
  'presence',
  'enterSends',
  'theme',
  'language',
  'notificationNames',
  'signedReceipts',
] as const satisfies (keyof Settings)[]

type Shared = (typeof shared)[number]

export const isShared = (name: string): name is Shared => shared.some((one) => one === name)

/** Null for one that is not shared, and for a value that it cannot have. */
export function sharedSetting(name: string, value: unknown): Partial<Settings> | null {
  if (!isShared(name)) return null
  try {
    return decodeStored(settings, { [name]: value }) as Partial<Settings>
  } catch {
    return null
  }
}

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
