/**
 * A browser whose camera looks at whatever QR code was held before it last: Chromium plays a raw
 * video file as its camera and opens the file anew whenever the camera is started.
 */
import { rmSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser } from '@playwright/test'
import QRCode from 'qrcode'
import { chromiumFlags } from '../../scripts/chromium-flags.mjs'
import { resolveWholeChromium } from '../../scripts/chromium.mjs'

const WIDTH = 640
const HEIGHT = 480
/** Pictures a second: each is drawn and read. */
const RATE = 5
const WALL = 150
const PAPER = 235
const INK = 30

export class Camera {
  private constructor(
    readonly browser: Browser,
    private readonly folder: string,
  ) {}

  static async start(): Promise<Camera> {
    const folder = mkdtempSync(join(tmpdir(), 'sealstream-camera-'))
    hold(folder, null)
    const browser = await chromium.launch({
      executablePath: resolveWholeChromium(),
      args: [
        ...chromiumFlags,
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${video(folder)}`,
      ],
    })
    return new Camera(browser, folder)
  }

  /** What the camera sees when it is started next; null: a bare wall. */
  show(content: string | null): void {
    hold(this.folder, content)
  }

  async stop(): Promise<void> {
    await this.browser.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const video = (folder: string): string => join(folder, 'camera.y4m')

/** Two frames of YUV 4:2:0 without colour, played in a circle. */
function hold(folder: string, content: string | null): void {
  const light = Buffer.alloc(WIDTH * HEIGHT, WALL)
  if (content !== null) drawPaper(light, content)
  const colour = Buffer.alloc((WIDTH * HEIGHT) / 2, 128)
  const frame = Buffer.concat([Buffer.from('FRAME\n'), light, colour])
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F${RATE}:1 Ip A1:1 C420jpeg\n`)
  writeFileSync(video(folder), Buffer.concat([head, frame, frame]))
}

/** A sheet in the middle of the picture, with the code and the quiet zone it needs. */
function drawPaper(light: Buffer, content: string): void {
  const { modules } = QRCode.create(content, { errorCorrectionLevel: 'M' })
  const quiet = 4
  const scale = Math.floor((HEIGHT - 40) / (modules.size + 2 * quiet))
  const side = scale * (modules.size + 2 * quiet)
  const [left, top] = [(WIDTH - side) >> 1, (HEIGHT - side) >> 1]
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const row = Math.floor(y / scale) - quiet
      const column = Math.floor(x / scale) - quiet
      const inside = Math.min(row, column) >= 0 && Math.max(row, column) < modules.size
      const ink = inside && modules.get(row, column)
      light[(top + y) * WIDTH + left + x] = ink ? INK : PAPER
    }
  }
}
