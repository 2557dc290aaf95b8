/**
 * Finds a Chromium for the tests, in this order: CHROMIUM_PATH, the system's own browser, the one
 * that the system's package manager installs (as root, or with sudo that asks nothing), then the
 * packaged one (`@sparticuz/chromium`, unpacked to a temporary folder of its version), a headless
 * shell. Throws one clear sentence when none of them works.
 */
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const UNPACKED = join(tmpdir(), 'sealstream-chromium-')
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const MAC = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** @returns {Promise<string>} the path of an executable that starts */
export async function resolveChromium() {
  const fromEnvironment = process.env.CHROMIUM_PATH
  if (fromEnvironment) {
    if (!starts(fromEnvironment)) throw new Error(`CHROMIUM_PATH=${fromEnvironment} does not start`)
    return fromEnvironment
  }
  return system() ?? installed() ?? (await packaged()) ?? fail()
}

/** @returns {boolean} whether it is the packaged one: it has no camera and no fonts but its own */
export const isHeadlessShell = (path) => path.startsWith(UNPACKED)

function system() {
  const inPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  return [...inPath, ...MAC].find((path) => executable(path) && starts(path))
}

async function packaged() {
  if (process.platform !== 'linux') return undefined
  const { TMPDIR } = process.env
  try {
    const entry = fileURLToPath(import.meta.resolve('@sparticuz/chromium'))
    const { version } = JSON.parse(readFileSync(join(entry, '../../package.json'), 'utf8'))
    // An older version's binary in the shared temporary folder would be taken as is.
    const folder = UNPACKED + version
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

function installed() {
  const root = process.getuid?.() === 0
  const prefix = root ? [] : ['sudo', '-n']
  const steps = existsSync('/usr/bin/apt-get')
    ? [
        ['apt-get', 'update'],
        ['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'],
      ]
    : existsSync('/opt/homebrew/bin/brew')
      ? [['/opt/homebrew/bin/brew', 'install', '--cask', 'chromium']]
      : []
  if (steps.length === 0) return undefined
  console.error('Installing Chromium for the tests …')
  try {
    for (const step of steps) {
      const [command, ...args] = [...(step[0]?.startsWith('/') ? [] : prefix), ...step]
      execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    }
  } catch {
    return undefined
  }
  return system()
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
