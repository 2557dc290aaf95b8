import { Capacitor } from '@capacitor/core'
import { LocalNotifications } from '@capacitor/local-notifications'
import type { LocalNotificationSchema } from '@capacitor/local-notifications'
import { i18n } from '@/i18n'
import type { NoticeAccess, Notices } from '@/platform/platform'

const ACCESS = { granted: 'granted', denied: 'denied', prompt: 'default' } as const
const accessOf = ({ display }: { display: string }): NoticeAccess =>
  ACCESS[display as keyof typeof ACCESS] ?? 'default'

/** Android's: people find it by name in the system's settings. The plugin's own is called “Default”. */
const CHANNEL = 'messages'

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
    const notice = { id, title, body: '' }
    const given = Capacitor.getPlatform() === 'android' ? giveToAndroid(notice) : give(notice)
    return {
      close() {
        pressedById.delete(id)
        const gone = { notifications: [notice] }
        void given.then(() => LocalNotifications.removeDeliveredNotifications(gone))
      },
    }
  },
}

const give = (notice: LocalNotificationSchema): Promise<unknown> =>
  LocalNotifications.schedule({ notifications: [notice] })

async function giveToAndroid(notice: LocalNotificationSchema): Promise<void> {
  // Each time: creating it again gives it the name in the present language.
  await LocalNotifications.createChannel({
    id: CHANNEL,
    name: i18n.global.t('phone.channel'),
    importance: 4,
    visibility: 0,
  })
  // The default, an exact alarm, opens the system's settings to ask for that right and shows nothing until then.
  await give({ ...notice, channelId: CHANNEL, isExactNotification: false })
}

// Left by the app before it was killed: nobody knows any more what they lead to.
void LocalNotifications.removeAllDeliveredNotifications()

void LocalNotifications.addListener('localNotificationActionPerformed', ({ notification }) => {
  pressedById.get(notification.id)?.()
  pressedById.delete(notification.id)
})
