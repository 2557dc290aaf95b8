/**
 * Icons and splash pictures of both shells, from one source: the web client's `favicon.svg`, a disc with two
 * waves on it. Android and the iOS splash take it as vectors; only the iOS icon is a raster picture.
 * `npm run artwork` writes them anew; a test compares them with the source.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const source = readFileSync(new URL('../client-web/public/favicon.svg', root), 'utf8')

/** @param {RegExp} pattern */
function find(pattern) {
  const found = pattern.exec(source)?.[1]
  if (found === undefined)
    throw new Error(`favicon.svg has no ${pattern}: mend scripts/artwork.mjs`)
  return found
}
const size = Number(find(/viewBox="0 0 (\d+) \1"/))
const disc = {
  radius: Number(find(/<circle [^>]*r="([\d.]+)"/)),
  colour: find(/<circle [^>]*fill="(#[0-9a-f]{6})"/),
}
const waves = { path: find(/<path d="([^"]+)"/), width: Number(find(/stroke-width="([\d.]+)"/)) }

/** Of a launcher icon's 108 units the inner 66 are never cut; the disc of the source is as large as they are. */
const LAUNCHER = 108
const SAFE = 66

/** @param {{ canvas: number, disc: number, withDisc: boolean }} drawing */
function vector({ canvas, disc: diameter, withDisc }) {
  const scale = diameter / (2 * disc.radius)
  const shift = canvas / 2 - (size / 2) * scale
  const middle = size / 2
  const circle = `M ${middle - disc.radius},${middle} a ${disc.radius},${disc.radius} 0 1,0 ${2 * disc.radius},0 a ${disc.radius},${disc.radius} 0 1,0 ${-2 * disc.radius},0`
  return `<?xml version="1.0" encoding="utf-8"?>
<!-- Made by scripts/artwork.mjs from client-web/public/favicon.svg. -->
<vector xmlns:android="http://schemas.android.com/apk/res/android"
    android:width="${canvas}dp"
    android:height="${canvas}dp"
    android:viewportWidth="${canvas}"
    android:viewportHeight="${canvas}">
    <group
        android:scaleX="${scale.toFixed(4)}"
        android:scaleY="${scale.toFixed(4)}"
        android:translateX="${shift.toFixed(4)}"
        android:translateY="${shift.toFixed(4)}">
${withDisc ? `        <path\n            android:fillColor="${disc.colour}"\n            android:pathData="${circle}" />\n` : ''}        <path
            android:pathData="${waves.path}"
            android:strokeColor="#FFFFFF"
            android:strokeLineCap="round"
            android:strokeWidth="${waves.width}" />
    </group>
</vector>
`
}

/** Fills its square: iOS cuts the corners itself. */
const squareIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" fill="none">
  <rect width="${size}" height="${size}" fill="${disc.colour}"/>
  <path d="${waves.path}" stroke="#fff" stroke-width="${waves.width}" stroke-linecap="round"/>
</svg>
`

/** What is text, by its path in this folder; the test compares it with what is committed. */
export const drawings = {
  'android/app/src/main/res/drawable/ic_launcher_foreground.xml': vector({
    canvas: LAUNCHER,
    disc: SAFE,
    withDisc: false,
  }),
  // The system's splash icon: 288 units, of which the inner 192 are seen.
  'android/app/src/main/res/drawable/splash.xml': vector({
    canvas: 288,
    disc: 160,
    withDisc: true,
  }),
  'ios/App/App/Assets.xcassets/Splash.imageset/splash.svg': source,
}
export const colour = disc.colour
const ICON = 'ios/App/App/Assets.xcassets/AppIcon.appiconset/AppIcon-1024.png'

async function rasterise() {
  const { chromium } = await import('../../client-web/node_modules/playwright-core/index.mjs')
  const { resolveChromium } = await import('../../client-web/scripts/chromium.mjs')
  const { chromiumFlags } = await import('../../client-web/scripts/chromium-flags.mjs')
  const browser = await chromium.launch({
    executablePath: await resolveChromium(),
    args: chromiumFlags,
  })
  const page = await browser.newPage({ viewport: { width: 1024, height: 1024 } })
  await page.setContent(`<style>*{margin:0}svg{display:block;width:1024px}</style>${squareIcon}`)
  const picture = await page.screenshot()
  await browser.close()
  return picture
}

/** @param {string} path @param {string | Buffer} content */
function write(path, content) {
  const file = fileURLToPath(new URL(path, root))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, content] of Object.entries(drawings)) write(path, content)
  write(ICON, await rasterise())
}
