/**
 * The camera while someone looks: asked for when `start` is called, every track stopped when the
 * component goes. One `getUserMedia` path for browsers and phones.
 */
import { type Ref, onScopeDispose, readonly, ref } from 'vue'

/** A camera that was let go a moment ago, or that another program still has, may be free soon. */
const BUSY = new Set(['NotReadableError', 'AbortError'])
const ATTEMPTS = 4
const PAUSE_MS = 500

export type CameraState = 'idle' | 'starting' | 'running' | 'denied' | 'missing'

export function useCamera(video: Readonly<Ref<HTMLVideoElement | null>>) {
  const state = ref<CameraState>('idle')
  let stream: MediaStream | null = null
  let gone = false

  async function start(): Promise<void> {
    if (state.value === 'starting' || state.value === 'running') return
    state.value = 'starting'
    try {
      const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices
      if (!devices) throw new DOMException('no camera here', 'NotFoundError')
      stream = await opened(devices)
      if (gone || !video.value) {
        stop()
        return
      }
      video.value.srcObject = stream
      await video.value.play()
      state.value = 'running'
    } catch (error) {
      stop()
      const denied = error instanceof DOMException && error.name === 'NotAllowedError'
      state.value = denied ? 'denied' : 'missing'
    }
  }

  async function opened(devices: MediaDevices): Promise<MediaStream> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await devices.getUserMedia({
          audio: false,
          video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 1280 } },
        })
      } catch (error) {
        const isBusy = error instanceof DOMException && BUSY.has(error.name)
        if (!isBusy || gone || attempt === ATTEMPTS) throw error
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      }
    }
  }

  function stop(): void {
    for (const track of stream?.getTracks() ?? []) track.stop()
    stream = null
    if (video.value) video.value.srcObject = null
    state.value = 'idle'
  }

  onScopeDispose(() => {
    gone = true
    stop()
  })
  return { state: readonly(state), start, stop }
}
