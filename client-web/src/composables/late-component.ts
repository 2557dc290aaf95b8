/** A component whose code is fetched when it is first drawn, with all texts. */
import { completeTexts } from '@/i18n'
import { type Component, defineAsyncComponent } from 'vue'

export const lateComponent = <T extends Component>(load: () => Promise<{ default: T }>) =>
  defineAsyncComponent(async () => (await Promise.all([load(), completeTexts()]))[0].default)
