/** Navigates back: through the history where it stays inside the app, else to the route's parent. */
import { useRouter } from 'vue-router'
import type { Router } from 'vue-router'

/** Returns false where there is no earlier place. */
export function goBack(router: Router): boolean {
  const route = router.currentRoute.value
  const parent = route.meta.parent
  const target = parent ? router.resolve({ name: parent, params: route.params }) : null
  const before = (history.state as { back?: unknown } | null)?.back
  if (typeof before === 'string' && (!target || before === target.fullPath)) router.back()
  else if (target) void router.replace(target)
  else return false
  return true
}

export function useBack(): () => void {
  const router = useRouter()
  return () => void goBack(router)
}
