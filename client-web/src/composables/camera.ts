/**
 * The camera of a component. `start` asks for it; every track stops when the component ends. Browsers and phones
 * share one `getUserMedia` path. If the picture ends (another app takes the camera, the permission is withdrawn,
 * the page slept), the camera restarts at once. If that fails, the state has the reason.
 */
import { type Ref, onScopeDispose, readonly, ref } from 'vue'
import { onReturn } from '@/platform/returns'

/** Errors after which a retry may succeed: the camera was released just now, or another program still has it. */
const BUSY = new Set(['NotReadableError', 'AbortError'])
const ATTEMPTS = 4
const PAUSE_MS = 500

export type CameraState = 'idle' | 'starting' | 'running' | 'denied' | 'missing'

export function useCamera(video: Readonly<Ref<HTMLVideoElement | null>>) {
  const state = ref<CameraState>('idle')
  let stream: MediaStream | null = null
  /** Counts starts and stops. A stream that belongs to an earlier count is released. */
  let turn = 0

  async function start(): Promise<void> {
    if (state.value === 'starting' || state.value === 'running') return
    state.value = 'starting'
    const mine = ++turn
    try {
      const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices
      if (!devices) throw new DOMException('no camera here', 'NotFoundError')
      const opened = await open(devices, () => mine === turn)
      if (mine !== turn || !video.value) return letGo(opened)
      stream = opened
      for (const track of opened.getVideoTracks()) track.addEventListener('ended', revive)
      video.value.srcObject = opened
      await video.value.play()
      if (mine === turn) state.value = 'running'
    } catch (error) {
      if (mine !== turn) return
      stop()
      const denied = error instanceof DOMException && error.name === 'NotAllowedError'
      state.value = denied ? 'denied' : 'missing'
    }
  }

  async function open(devices: MediaDevices, wanted: () => boolean): Promise<MediaStream> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await devices.getUserMedia({
          audio: false,
          video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 1280 } },
        })
      } catch (error) {
        const isBusy = error instanceof DOMException && BUSY.has(error.name)
        if (!isBusy || !wanted() || attempt === ATTEMPTS) throw error
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      }
    }
  }

  /** Restarts the camera unless its picture is live. */
  function revive(): void {
    if (state.value !== 'running' || document.visibilityState === 'hidden') return
    const live = stream
      ?.getVideoTracks()
      .some((track) => track.readyState === 'live' && !track.muted)
    if (live) {
      // The browser may have paused the video while the page was hidden.
      if (video.value?.paused) video.value.play().catch(() => undefined)
      return
    }
    stop()
    void start()
  }

  function stop(): void {
    turn += 1
    if (stream) letGo(stream)
    stream = null
    if (video.value) video.value.srcObject = null
    state.value = 'idle'
  }

  function letGo(opened: MediaStream): void {
    for (const track of opened.getTracks()) {
      track.removeEventListener('ended', revive)
      track.stop()
    }
  }

  const endReturns = onReturn(revive)
  onScopeDispose(() => {
    endReturns()
    stop()
  })
  return { state: readonly(state), start, stop }
}
