import { Changes } from '@/storage/changes'
import type { App } from '@/messenger/session/app'
import type { AppCommands } from '@/messenger/contract'
import { settingsRecord } from '@/messenger/core/shown-settings'
import type { Updates } from '@/platform/platform'

export function appCommands(app: App, updates: Updates, cancelBackup: () => void): AppCommands {
  return {
    async takeOver() {
      await app.leader.takeOver()
      await app.lead()
    },
    openStorage: () => app.lead(),
    async setSetting(key, value) {
      const opened = app.theOpened()
      await app.serial.run(async () => {
        const settings = { ...opened.settings, [key]: value }
        const record = settingsRecord(settings)
        await opened.store.commit(new Changes().put('records', 'settings', record))
        opened.settings = settings
        app.view.settings(settings)
      })
      if (key === 'presence') app.services?.presence.watch().catch(() => undefined)
    },
    reconnect: () => app.services?.connection.now(),
    chooseRelay: (address) => app.chooseRelay(address),
    async applyUpdate() {
      // The draft that the press took the focus from.
      await app.settle()
      await updates.apply()
    },
    dismissExpired: () => app.theServices().expiredNotice.dismiss(),
    cancel(task) {
      if (task === 'search_index') app.services?.search.cancel()
      else cancelBackup()
    },
  }
}
