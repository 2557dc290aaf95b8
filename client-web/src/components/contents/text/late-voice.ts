/** Fetched with the first voice note. */
import { defineAsyncComponent } from 'vue'

export const VoiceNote = defineAsyncComponent(() => import('./VoiceNote.vue'))
