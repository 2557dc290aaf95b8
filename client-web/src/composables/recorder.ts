/** Recording of a voice note: asked for when it begins, every track stopped when it ends. Fetched when first used. */
import { onScopeDispose, readonly, ref, shallowRef } from 'vue'
import type { NewFile } from '@/messenger/contract'

export type RecorderState = 'idle' | 'starting' | 'recording' | 'denied' | 'missing'

/** Played by all browsers first. */
const TYPES = ['audio/mp4;codecs=mp4a.40.2', 'audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg']
const BITS = 32_000
const LEVELS = 40
/** What is shorter was pressed by mistake, ms. */
const LEAST = 700

export function useRecorder() {
  const state = ref<RecorderState>('idle')
  const levels = shallowRef<readonly number[]>([])
  const length = ref(0)
  let stream: MediaStream | null = null
  let recorder: MediaRecorder | null = null
  let context: AudioContext | null = null
  let timer: ReturnType<typeof setInterval> | undefined
  let parts: Blob[] = []
  let began = 0
  /** Counts starts: what an earlier one still gets is let go. */
  let turn = 0

  async function start(): Promise<boolean> {
    const mine = ++turn
    state.value = 'starting'
    levels.value = []
    length.value = 0
    parts = []
    try {
      const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices
      if (!devices || typeof MediaRecorder === 'undefined') {
        throw new DOMException('no microphone here', 'NotFoundError')
      }
      const opened = await devices.getUserMedia({ audio: { echoCancellation: true } })
      if (mine !== turn) {
        for (const track of opened.getTracks()) track.stop()
        return false
      }
      stream = opened
      const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type))
      recorder = new MediaRecorder(opened, {
        ...(mimeType && { mimeType }),
        audioBitsPerSecond: BITS,
      })
      recorder.addEventListener('dataavailable', ({ data }) => void parts.push(data))
      recorder.start(500)
      began = performance.now()
      listen(opened)
      state.value = 'recording'
      return true
    } catch (error) {
      if (mine !== turn) return false
      letGo()
      const denied = error instanceof DOMException && error.name === 'NotAllowedError'
      state.value = denied ? 'denied' : 'missing'
      return false
    }
  }

  function listen(opened: MediaStream): void {
    context = new AudioContext()
    const analyser = context.createAnalyser()
    analyser.fftSize = 512
    context.createMediaStreamSource(opened).connect(analyser)
    const samples = new Uint8Array(analyser.fftSize)
    timer = setInterval(() => {
      analyser.getByteTimeDomainData(samples)
      const loudest = samples.reduce((most, one) => Math.max(most, Math.abs(one - 128)), 0) / 128
      levels.value = [...levels.value, Math.min(1, loudest * 1.6)].slice(-LEVELS)
      length.value = performance.now() - began
    }, 100)
  }

  /** Null: too short to be meant. */
  async function finish(): Promise<NewFile | null> {
    const durationMs = performance.now() - began
    const stopped = recorder
    if (!stopped || state.value !== 'recording') {
      cancel()
      return null
    }
    const ended = new Promise((done) => stopped.addEventListener('stop', done, { once: true }))
    stopped.stop()
    await ended
    const type = stopped.mimeType.split(';')[0] || 'audio/webm'
    const content = new Blob(parts, { type })
    letGo()
    state.value = 'idle'
    if (durationMs < LEAST || content.size === 0) return null
    const ending = type === 'audio/mp4' ? 'm4a' : (type.split('/')[1] ?? 'webm')
    return { content, name: `voice.${ending}`, type, durationMs, voice: true }
  }

  function cancel(): void {
    turn += 1
    letGo()
    state.value = 'idle'
  }

  function letGo(): void {
    clearInterval(timer)
    if (recorder?.state === 'recording') recorder.stop()
    recorder = null
    for (const track of stream?.getTracks() ?? []) track.stop()
    stream = null
    void context?.close().catch(() => undefined)
    context = null
  }
  onScopeDispose(cancel)

  return { state: readonly(state), levels, length: readonly(length), start, finish, cancel }
}
