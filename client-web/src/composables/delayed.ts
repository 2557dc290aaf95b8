/** Becomes true after `source` has been true for `ms`, so that a short wait shows no skeleton. */
import { type MaybeRefOrGetter, type Ref, onScopeDispose, readonly, ref, toValue, watch } from 'vue'

export function useDelayed(source: MaybeRefOrGetter<boolean>, ms = 150): Readonly<Ref<boolean>> {
  const shown = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(
    () => toValue(source),
    (on) => {
      clearTimeout(timer)
      if (!on) shown.value = false
      else timer = setTimeout(() => (shown.value = true), ms)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  return readonly(shown)
}
