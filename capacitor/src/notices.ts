import { LocalNotifications } from '@capacitor/local-notifications'
import type { NoticeAccess, Notices } from '@/platform/platform'

const ACCESS = { granted: 'granted', denied: 'denied', prompt: 'default' } as const
const accessOf = ({ display }: { display: string }): NoticeAccess =>
  ACCESS[display as keyof typeof ACCESS] ?? 'default'

const pressedById = new Map<number, () => void>()
let lastId = 0

/** The phone's own notices, as long as the system lets the app run in the background. */
export const notices: Notices = {
  access: async () => accessOf(await LocalNotifications.checkPermissions()),
  ask: async () => accessOf(await LocalNotifications.requestPermissions()),
  show(title, pressed) {
    lastId += 1
    const id = lastId
    pressedById.set(id, pressed)
    const scheduled = LocalNotifications.schedule({ notifications: [{ id, title, body: '' }] })
    return {
      close() {
        pressedById.delete(id)
        const gone = { notifications: [{ id, title, body: '' }] }
        void scheduled.then(() => LocalNotifications.removeDeliveredNotifications(gone))
      },
    }
  },
}

void LocalNotifications.addListener('localNotificationActionPerformed', ({ notification }) => {
  pressedById.get(notification.id)?.()
  pressedById.delete(notification.id)
})
