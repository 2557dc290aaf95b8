/** Voice notes: what they look like, and that one plays at a time. */

let playing: HTMLAudioElement | null = null

export function playAlone(audio: HTMLAudioElement): void {
  if (playing !== audio) playing?.pause()
  playing = audio
}

/** Until the real one is known. */
export const evenWave = (bars: number): number[] =>
  Array.from({ length: bars }, (_, i) => 0.25 + 0.12 * Math.abs(Math.sin(i * 1.7)))

/** The loudness over time, from 0 to 1; null for what this browser does not decode. */
export async function waveOf(content: Blob, bars: number): Promise<number[] | null> {
  try {
    const context = new OfflineAudioContext(1, 1, 8_000)
    const sound = await context.decodeAudioData(await content.arrayBuffer())
    return levels(sound.getChannelData(0), bars)
  } catch {
    return null
  }
}

/** Root mean square of each part, the loudest 1. */
export function levels(samples: Float32Array, bars: number): number[] {
  const part = Math.max(1, Math.floor(samples.length / bars))
  const found = Array.from({ length: bars }, (_, bar) => {
    let sum = 0
    for (const sample of samples.subarray(bar * part, (bar + 1) * part)) sum += sample * sample
    return Math.sqrt(sum / part)
  })
  const loudest = Math.max(...found)
  return loudest > 0 ? found.map((level) => level / loudest) : found
}
