import { TurnChanges } from '@/messenger/core/serial'
import type { App } from '@/messenger/session/app'
import type { AppCommands } from '@/messenger/contract'
import { isShared, settingsRecord } from '@/messenger/core/shown-settings'
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
      await app.serial.run(async (turn) => {
        const { services } = app
        const changes = new TurnChanges(turn)
        const settings = { ...opened.settings, [key]: value }
        changes.put('records', 'settings', settingsRecord(settings)).whenStored(() => {
          opened.settings = settings
          app.view.settings(settings)
        })
        const oneself = isShared(key) ? services?.people.oneself : null
        if (oneself) services?.sync.stage(changes, oneself, { what: 'setting', name: key, value })
        await opened.store.commit(changes)
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
