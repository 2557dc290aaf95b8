import type { Router } from 'vue-router'
import { goBack } from '@/composables/back'
import type { ShellEvents } from '@/platform/platform'

/** Whatever lies over the page, and after it what stands in place of something: the Escape key closes it. */
const OVERLAYS =
  '[role=dialog][data-state=open], [role=menu][data-state=open], [role=alertdialog][data-state=open]'
const BARS = '[role=toolbar][data-state=open]'

/** What a phone's system asks for, in terms of this app. */
export const shellEvents = (router: Router): ShellEvents => ({
  back() {
    const overlay = document.querySelector(OVERLAYS) ?? document.querySelector(BARS)
    // From the first page one leaves, wherever one came from to it.
    if (overlay === null) return Boolean(router.currentRoute.value.meta.parent) && goBack(router)
    overlay.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    return true
  },
  opened: (link) =>
    void router.push({ name: 'add', params: { tab: 'enter' }, query: { code: link } }),
})
