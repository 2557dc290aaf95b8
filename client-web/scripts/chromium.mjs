/**
 * Finds a Chromium for the tests, in this order: CHROMIUM_PATH, the system's headless shell (a window
 * costs it a tenth of what it costs a whole browser), the system's whole browser, those that the system's
 * package manager installs (as root, or with sudo that asks nothing), then the packaged shell
 * (`@sparticuz/chromium`, unpacked to a temporary folder of its version). Throws one clear sentence
 * when none of them works. Cameras and notices are a whole browser's alone.
 */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const SHELLS = ['chromium-headless-shell', 'chrome-headless-shell']
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const MAC = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** @returns {Promise<string>} the path of an executable that starts */
export async function resolveChromium() {
  const present = named() ?? found(SHELLS)
  if (present) return present
  const whole = resolveWholeChromium()
  return found(SHELLS) ?? whole ?? (await packaged()) ?? fail()
}

/** @returns {string | undefined} the path of a browser with everything a person's has */
export function resolveWholeChromium() {
  return named() ?? found(NAMES) ?? (install() ? found(NAMES) : undefined)
}

function named() {
  const path = process.env.CHROMIUM_PATH
  if (path && !starts(path)) throw new Error(`CHROMIUM_PATH=${path} does not start`)
  return path || undefined
}

function found(names) {
  const inPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
  const places = names === NAMES ? [...inPath, ...MAC] : inPath
  return places.find((path) => executable(path) && starts(path))
}

async function packaged() {
  if (process.platform !== 'linux') return undefined
  const { TMPDIR } = process.env
  try {
    const entry = fileURLToPath(import.meta.resolve('@sparticuz/chromium'))
    const { version } = JSON.parse(readFileSync(join(entry, '../../package.json'), 'utf8'))
    // An older version's binary in the shared temporary folder would be taken as is.
    const folder = join(tmpdir(), `sealstream-chromium-${version}`)
    mkdirSync(folder, { recursive: true })
    process.env.TMPDIR = folder
    // Makes the package unpack the NSS libraries that slim machines lack, and use them.
    process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs22.x'
    const { default: chromium } = await import('@sparticuz/chromium')
    const path = await chromium.executablePath()
    return starts(path) ? path : undefined
  } catch {
    return undefined
  } finally {
    delete process.env.AWS_EXECUTION_ENV
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  }
}

/** @returns {boolean} whether the package manager could install something */
function install() {
  const apt = [...(process.getuid?.() === 0 ? [] : ['sudo', '-n']), 'apt-get']
  const brew = '/opt/homebrew/bin/brew'
  const ways = existsSync('/usr/bin/apt-get')
    ? [
        [...apt, 'update'],
        [...apt, 'install', '-y', '--no-install-recommends', 'chromium'],
        [...apt, 'install', '-y', '--no-install-recommends', 'chromium-headless-shell'],
      ]
    : existsSync(brew)
      ? [[brew, 'install', '--cask', 'chromium']]
      : []
  if (ways.length > 0) console.error('Installing Chromium for the tests …')
  return ways.map(([command, ...args]) => runs(command, args)).some(Boolean)
}

function runs(command, args) {
  try {
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'ignore'] })
    return true
  } catch {
    return false
  }
}

function executable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Ubuntu's `chromium-browser` may be a script that only says "install the snap": ask for a version. */
function starts(path) {
  try {
    const answer = execFileSync(path, ['--version', '--no-sandbox'], {
      encoding: 'utf8',
      timeout: 20_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return /\d+\.\d+/.test(answer)
  } catch {
    return false
  }
}

function fail() {
  throw new Error(
    'No Chromium found for the tests. Install chromium or Google Chrome, or set CHROMIUM_PATH to one.',
  )
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(await resolveChromium())
}
