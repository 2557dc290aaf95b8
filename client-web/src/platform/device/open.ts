import type { Platform } from '@/platform/platform'
import { webPlatform } from '@/platform/web'

export const openPlatform = (): Promise<Platform> => Promise.resolve(webPlatform())
