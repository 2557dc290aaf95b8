/**
 * A fault in a component never leaves a white or half-drawn page: another Vue app, which needs
 * nothing of the broken one, draws a crash screen in its place. After a fault in an event handler the page
 * still stands, and a line says that something went wrong. All faults are reported to the console.
 */
import { type App, createApp, ErrorCodes } from 'vue'
import { useToasts } from './composables/toasts'
import { i18n } from './i18n'
import CrashScreen from './views/CrashScreen.vue'

/** After a fault there the page still stands. In words, or as an `ErrorCodes` number in the product's build. */
const EVENT_HANDLERS = [
  'event handler',
  `#runtime-${ErrorCodes.NATIVE_EVENT_HANDLER}`,
  `#runtime-${ErrorCodes.COMPONENT_EVENT_HANDLER}`,
]

/** Calls `draw` once, outside of the drawing that broke. */
export function watchCrashes(app: App, draw = drawCrash): void {
  let crashed = false
  app.config.errorHandler = (error, _component, place) => {
    reportError(error)
    if (crashed) return
    if (EVENT_HANDLERS.some((handler) => place.endsWith(handler))) {
      return useToasts().show(i18n.global.t('errors.internal'))
    }
    crashed = true
    setTimeout(() => {
      try {
        app.unmount()
      } catch (unmounting) {
        // Half-drawn parts may not come off in order; they are thrown away below.
        reportError(unmounting)
      }
      draw(error)
    })
  }
}

/** Dialogs and menus stand beside the app's root and lock the page: all of that goes too. */
function drawCrash(error: unknown): void {
  const place = document.createElement('div')
  place.id = 'app'
  document.body.removeAttribute('style')
  document.body.replaceChildren(place)
  createApp(CrashScreen, { error }).use(i18n).mount(place)
}
