/** Components whose code is fetched when they are first drawn, with all texts. */
import { completeTexts } from '@/i18n'
import { type Component, type Ref, defineAsyncComponent, watch } from 'vue'

export const lateComponent = <T extends Component>(load: () => Promise<{ default: T }>) =>
  defineAsyncComponent(async () => (await Promise.all([load(), completeTexts()]))[0].default)

/** A press that needs such a component is done at once, or when the component is there: the last of several. */
export function useWhenThere<T>(component: Readonly<Ref<T | null>>) {
  let waiting: ((there: T) => void) | null = null
  watch(component, (there) => {
    if (there === null) return
    waiting?.(there)
    waiting = null
  })
  return (press: (there: T) => void): void => {
    if (component.value === null) waiting = press
    else press(component.value)
  }
}
