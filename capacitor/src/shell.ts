import { App } from '@capacitor/app'
import { SystemBars, SystemBarsStyle } from '@capacitor/core'
import { Haptics, ImpactStyle } from '@capacitor/haptics'
import type { Shell } from '@/platform/platform'

/** Named after the background that they are read on. */
const STYLES = {
  system: SystemBarsStyle.Default,
  light: SystemBarsStyle.Light,
  dark: SystemBarsStyle.Dark,
} as const

export const shell: Shell = {
  attach(events) {
    void App.addListener('backButton', () => {
      if (!events.back()) void App.minimizeApp()
    })
    void App.addListener('appUrlOpen', ({ url }) => events.opened(url))
    // Not every web view says by itself that it is looked at again: `onReturn` listens for this.
    void App.addListener('resume', () => document.dispatchEvent(new Event('resume')))
    void App.getLaunchUrl().then((launch) => launch?.url && events.opened(launch.url))
  },
  showTheme: (theme) => void SystemBars.setStyle({ style: STYLES[theme] }),
  tap: () => void Haptics.impact({ style: ImpactStyle.Light }),
}
