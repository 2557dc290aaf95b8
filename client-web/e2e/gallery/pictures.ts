/** Drawn pictures, and messages that have them. */
import type { FileState, Message, MessageFile } from '../../src/messenger/contract'
import { useFilesStore } from '../../src/stores'
import { MINUTE, NOW, message } from './people'

const hues: Record<string, number> = {
  lake: 195,
  ridge: 95,
  tent: 30,
  fire: 12,
  night: 250,
  bus: 150,
}

function draw(name: string, width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
  const hue = hues[name] ?? 0
  const sky = context.createLinearGradient(0, 0, 0, height)
  sky.addColorStop(0, `hsl(${hue} 70% 82%)`)
  sky.addColorStop(0.55, `hsl(${hue} 45% 60%)`)
  sky.addColorStop(1, `hsl(${hue + 40} 35% 26%)`)
  context.fillStyle = sky
  context.fillRect(0, 0, width, height)
  context.fillStyle = `hsl(${hue + 30} 40% 32%)`
  context.beginPath()
  context.moveTo(0, height * 0.8)
  for (let x = 0; x <= 8; x++) {
    context.lineTo((x / 8) * width, height * (0.62 + 0.14 * Math.sin(x * 2.3 + hue)))
  }
  context.lineTo(width, height)
  context.lineTo(0, height)
  context.fill()
  context.fillStyle = '#fffbe8'
  context.beginPath()
  context.arc(width * 0.72, height * 0.26, width * 0.06, 0, 7)
  context.fill()
  return canvas
}

export const pictureOf = (name: string): Promise<Blob> =>
  draw(name, 1_200, 900).convertToBlob({ type: 'image/jpeg' })

const thumbnails = new Map<string, Blob>()
for (const name of Object.keys(hues)) {
  thumbnails.set(name, await draw(name, 48, 36).convertToBlob({ type: 'image/webp' }))
}

function picture(id: string, over: Partial<MessageFile> = {}): MessageFile {
  const thumbnail = thumbnails.get(id)
  const known = { name: `${id}.jpg`, type: 'image/jpeg', size: 834_000, width: 1_200, height: 900 }
  return { id, kind: 'image', ...known, ...(thumbnail && { thumbnail }), ...over }
}
const file = (id: string, name: string, size: number): MessageFile => ({
  id,
  kind: 'file',
  name,
  type: 'application/pdf',
  size,
})

const say = (direction: 'in' | 'out', ago: number, text: string, files?: MessageFile[]): Message =>
  message('anna', {
    direction,
    text,
    sentAt: NOW - ago * MINUTE,
    status: direction === 'in' ? 'received' : 'read',
    ...(files && { files }),
  })

export const fileMessages: Message[] = [
  say('in', 60, 'Look what I found on the old phone', [picture('lake')]),
  say('out', 58, '', [picture('tent', { width: 900, height: 1_200 })]),
  say(
    'in',
    40,
    'The whole tour',
    ['lake', 'ridge', 'fire', 'night', 'bus'].map((one) => picture(one)),
  ),
  say('out', 30, '', [file('plan', 'Packing list and timetable, final version.pdf', 482_000)]),
  say('in', 28, '', [file('map', 'map.gpx', 18_400)]),
  say('in', 20, '', [
    {
      id: 'voice',
      kind: 'voice',
      name: 'voice.m4a',
      type: 'audio/mp4',
      size: 61_000,
      durationMs: 17_000,
    },
  ]),
  say('out', 12, '', [
    picture('fire', { id: 'clip', kind: 'video', durationMs: 73_000, size: 42_000_000 }),
  ]),
  {
    ...say('out', 4, 'And this one is on its way', [
      picture('ridge', { id: 'up', size: 2_400_000 }),
    ]),
    status: 'waiting',
  },
  say('in', 3, '', [picture('night', { id: 'away' }), picture('bus', { id: 'lost' })]),
]

const states: Record<string, FileState> = {
  plan: { phase: 'here' },
  up: { phase: 'up', done: 900_000, total: 2_400_000, waitsUntil: null },
  clip: { phase: 'here' },
  away: { phase: 'down', done: 300_000, total: 834_000, waitsUntil: null },
  lost: { phase: 'gone' },
}
export function fillFiles(): void {
  const { byId } = useFilesStore()
  for (const [id, state] of Object.entries(states)) byId.set(id, state)
}
