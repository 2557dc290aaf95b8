/** The part of a bubble that shows files: fetched with the first message that has some. */
import { defineAsyncComponent, ref } from 'vue'
import { completeTexts } from '@/i18n'

/** Until then the bubble keeps their room. */
export const fetched = ref(false)

export const MessageFiles = defineAsyncComponent(async () => {
  const [part] = await Promise.all([import('./MessageFiles.vue'), completeTexts()])
  fetched.value = true
  return part
})
