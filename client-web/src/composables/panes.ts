/** The route that each pane draws. A pane that slides out keeps its content until it is out of sight. */
import { type Ref, onScopeDispose, shallowReadonly, shallowRef, watch } from 'vue'
import { type RouteLocationNormalizedLoaded, useRoute, useRouter } from 'vue-router'

export interface PaneRoutes {
  readonly side: RouteLocationNormalizedLoaded
  readonly main: RouteLocationNormalizedLoaded
  /** Null while the third pane is closed and out of sight. */
  readonly details: RouteLocationNormalizedLoaded | null
}

const SLIDE_MS = 220

export function usePanes(wide: Readonly<Ref<boolean>>): Readonly<Ref<PaneRoutes>> {
  const router = useRouter()
  const route = useRoute()
  const now = () => router.currentRoute.value
  const fresh = (): PaneRoutes => ({
    side: now(),
    main: now(),
    details: now().meta.depth === 2 ? now() : null,
  })
  const shown = shallowRef(fresh())
  let timer: ReturnType<typeof setTimeout> | undefined

  watch(
    () => route.fullPath,
    () => {
      clearTimeout(timer)
      const next = fresh()
      const before = shown.value
      shown.value = {
        side: next.side,
        main: wide.value || now().meta.depth > 0 ? next.main : before.main,
        details: next.details ?? before.details,
      }
      timer = setTimeout(() => (shown.value = fresh()), SLIDE_MS)
    },
  )
  onScopeDispose(() => clearTimeout(timer))
  return shallowReadonly(shown)
}
