/**
 * The edge swipe of phones. A finger that starts at the edge drags the pane; past a third of the width, or fast
 * enough, it navigates back. Mouse, pen and vertical moves are ignored.
 */
import { type MaybeRefOrGetter, type Ref, readonly, ref, toValue } from 'vue'
import { useEventListener } from '@vueuse/core'

/** A drag that begins this near to the edge goes back, px. */
export const EDGE = 28
const SLOP = 10
const FAST = 0.5

interface Grip {
  readonly id: number
  readonly x: number
  readonly y: number
  readonly at: number
  readonly width: number
  pulling: boolean
}

/** Returns the offset of the pane in px, or null while nobody drags it. */
export function useSwipeBack(
  target: MaybeRefOrGetter<HTMLElement | null | undefined>,
  enabled: MaybeRefOrGetter<boolean>,
  goBack: () => void,
): Readonly<Ref<number | null>> {
  const pulled = ref<number | null>(null)
  let grip: Grip | null = null
  const sign = () => (document.documentElement.dir === 'rtl' ? -1 : 1)

  function start(event: PointerEvent): void {
    const element = toValue(target)
    if (event.pointerType !== 'touch' || !toValue(enabled) || !element) return
    const box = element.getBoundingClientRect()
    const fromEdge = sign() === 1 ? event.clientX - box.left : box.right - event.clientX
    if (fromEdge > EDGE) return
    grip = {
      id: event.pointerId,
      x: event.clientX,
      y: event.clientY,
      at: event.timeStamp,
      width: box.width,
      pulling: false,
    }
  }

  function move(event: PointerEvent): void {
    if (!grip || event.pointerId !== grip.id) return
    const along = (event.clientX - grip.x) * sign()
    const across = Math.abs(event.clientY - grip.y)
    if (!grip.pulling) {
      if (across > SLOP && across > along) grip = null
      else if (along > SLOP) grip.pulling = true
    }
    if (grip?.pulling) pulled.value = Math.max(0, along)
  }

  function end(event: PointerEvent): void {
    if (!grip || event.pointerId !== grip.id) return
    const distance = pulled.value ?? 0
    const speed = distance / Math.max(1, event.timeStamp - grip.at)
    const far = event.type === 'pointerup' && (distance > grip.width / 3 || speed > FAST)
    if (grip.pulling && far) goBack()
    grip = null
    pulled.value = null
  }

  useEventListener(target, 'pointerdown', start, { passive: true })
  useEventListener(window, 'pointermove', move, { passive: true })
  useEventListener(window, ['pointerup', 'pointercancel'], end, { passive: true })
  return readonly(pulled)
}
