/**
 * A fault while drawing never leaves a white or half-drawn page: what was on screen goes, and a
 * screen of its own says so. It is another Vue app, so that nothing of the broken one is needed to
 * draw it. Every fault, drawn over or not, is reported to the console.
 */
import { type App, createApp } from 'vue'
import { i18n } from './i18n'
import CrashScreen from './views/CrashScreen.vue'

/** Where Vue was: setup, render, hooks of elements, references, lazy parts, patching. By number in the product's build. */
const NUMBERS = new Set(['0', '1', '7', '8', '12', '13', '14', '15'])
const WORDS = new Set([
  'setup function',
  'render function',
  'vnode hook',
  'directive hook',
  'ref function',
  'async component loader',
  'scheduler flush',
  'component update',
])

/** Whether a fault there leaves something undrawn; after one in a click's handler the page still stands. */
export function breaksDrawing(place: string): boolean {
  return WORDS.has(place) || NUMBERS.has(/#runtime-(\w+)$/.exec(place)?.[1] ?? '')
}

/** Calls `draw` once, outside of the drawing that broke. */
export function watchCrashes(app: App, draw = drawCrash): void {
  let crashed = false
  app.config.errorHandler = (error, _component, place) => {
    reportError(error)
    if (crashed || !breaksDrawing(place)) return
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
