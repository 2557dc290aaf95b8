/**
 * The camera while someone looks: asked for when `start` is called, every track stopped when the
 * component goes. One `getUserMedia` path for browsers and phones.
 */
import { type Ref, onScopeDispose, readonly, ref } from 'vue'

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
      stream = await devices.getUserMedia({
        audio: false,
        video: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 1280 } },
      })
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
