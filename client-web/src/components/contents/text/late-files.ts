/** The part of a bubble that shows files: fetched with the first message that has some. */
import { defineAsyncComponent, ref } from 'vue'

/** Until then the bubble keeps their room. */
export const fetched = ref(false)

export const MessageFiles = defineAsyncComponent(async () => {
  const part = await import('./MessageFiles.vue')
  fetched.value = true
  return part
})
