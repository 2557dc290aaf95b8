import type { NoticeAccess, Notices } from '@/platform/platform'

/** Android has the constructor and throws when it is called. */
let refused = false

const access = (): NoticeAccess =>
  refused || !('Notification' in globalThis) ? 'missing' : Notification.permission

export const notices: Notices = {
  access: () => Promise.resolve(access()),
  async ask() {
    return access() === 'default' ? Notification.requestPermission() : access()
  },
  show(title, pressed) {
    try {
      // Without a tag: the system would store it, and a tag would have to identify the chat.
      const notice = new Notification(title, { icon: '/icons/icon-192.png' })
      notice.addEventListener('click', () => {
        window.focus()
        pressed()
      })
      return notice
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      refused = true
      return null
    }
  },
}
