/**
 * A phone around a page: Capacitor's own bridge and the build for phones are the real ones, what would be Kotlin,
 * Java or Swift is played here. Which plugins and methods there are is read from the plugins' native sources.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContext, Page } from '@playwright/test'

const packages = fileURLToPath(new URL('../../../capacitor/node_modules/', import.meta.url))
const bridge = join(packages, '@capacitor/android/capacitor/src/main/assets/native-bridge.js')
/** Of Android's shell. Chromium opens no page at iOS's `capacitor://localhost`. */
export const SHELL = 'https://localhost'

export type System = 'android' | 'ios'
interface Call {
  readonly callbackId: string
  readonly pluginId: string
  readonly methodName: string
  readonly options: Record<string, unknown>
}
interface Header {
  readonly name: string
  readonly methods: readonly { name: string; rtype: 'promise' | 'callback' }[]
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

class Refusal {
  constructor(readonly code: string) {}
}

export class Phone {
  /** Entries of the KeyStore or Keychain, by name. They stay when the app is killed. */
  readonly keys = new Map<string, Record<string, unknown>>()
  /** Whether the finger on the sensor is the owner's. */
  recognises = true
  /** Every call that reached the native side, as `Plugin.method`. */
  readonly calls: { name: string; options: Record<string, unknown> }[] = []
  private readonly files = new Map<string, string>()
  private readonly listeners = new Map<string, string[]>()
  private page: Page | null = null

  private constructor(readonly system: System) {}

  /** `build` is the folder of the build for phones. */
  static async around(context: BrowserContext, system: System, build: string): Promise<Phone> {
    const phone = new Phone(system)
    // The tests' relay is on this machine, which a page from elsewhere may not reach unasked.
    await context.grantPermissions(['local-network-access'], { origin: SHELL })
    await context.route(`${SHELL}/**`, (route) => {
      const path = new URL(route.request().url()).pathname
      const file = join(build, path === '/' ? 'index.html' : path)
      return route.fulfill({ path: file, contentType: types[extname(file)] ?? 'text/plain' })
    })
    await context.exposeBinding('toNative', ({ page }, call: Call) => phone.receive(page, call))
    await context.addInitScript(nativeSide, { system, headers: headers(system) })
    await context.addInitScript({ path: bridge })
    return phone
  }

  /** Sends an event of the system to the app: the back button, a link, coming back. */
  async tell(plugin: string, event: string, data: unknown = {}): Promise<void> {
    for (const id of this.listeners.get(`${plugin}.${event}`) ?? []) {
      await this.answer({ callbackId: id, save: true, success: true, data })
    }
  }

  called(name: string): Record<string, unknown>[] {
    return this.calls.filter((call) => call.name === name).map(({ options }) => options)
  }

  private async receive(page: Page, call: Call): Promise<void> {
    // Another page is the app started anew: nothing listens any more.
    if (page !== this.page) this.listeners.clear()
    this.page = page
    const name = `${call.pluginId}.${call.methodName}`
    this.calls.push({ name, options: call.options })
    const { callbackId } = call
    if (call.methodName === 'addListener') {
      const event = `${call.pluginId}.${String(call.options['eventName'])}`
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), callbackId])
      return
    }
    const data = this.does(name, call.options) ?? new Refusal('UNIMPLEMENTED')
    const refused = data instanceof Refusal && { message: `${name}: ${data.code}`, code: data.code }
    await this.answer({
      callbackId,
      ...(refused ? { success: false, error: refused } : { success: true, data }),
    })
  }

  private async answer(result: Record<string, unknown>): Promise<void> {
    await this.page?.evaluate((back) => {
      const { Capacitor } = window as unknown as {
        Capacitor: { fromNative(result: unknown): void }
      }
      Capacitor.fromNative(back)
    }, result)
  }

  /** The answer to a call; undefined for a method that is not played. */
  private does(name: string, options: Record<string, unknown>): unknown {
    const key = String(options['prefixedKey'])
    switch (name) {
      case 'SecureStorage.internalGetItem':
        return { data: this.keys.get(key)?.['data'] ?? null }
      case 'SecureStorage.internalSetItem':
        this.keys.set(key, options)
        return {}
      case 'SecureStorage.internalClearItemsWithPrefix':
        this.keys.clear()
        return {}
      case 'Filesystem.readdir':
        return {
          files: [...new Set([...this.files.keys()].map((path) => path.split('/')[0]))].map(
            (file) => ({ name: file }),
          ),
        }
      case 'Filesystem.rmdir':
        this.files.clear()
        return {}
      case 'Filesystem.writeFile':
        this.files.set(String(options['path']), String(options['data']))
        return { uri: `file:///cache/${String(options['path'])}` }
      case 'Share.share':
        return { activityType: 'org.example.files' }
      case 'LocalNotifications.checkPermissions':
      case 'LocalNotifications.requestPermissions':
        return { display: 'granted' }
      case 'LocalNotifications.schedule':
        // Anything exact opens the system's settings on Android, and is shown once the person is back from there.
        if (this.system === 'android' && !inexact(options)) return undefined
        return { notifications: options['notifications'] }
      case 'BiometricAuthNative.checkBiometry':
        return { isAvailable: true, deviceIsSecure: true }
      case 'BiometricAuthNative.internalAuthenticate':
        return this.recognises ? {} : new Refusal('userCancel')
      case 'App.getLaunchUrl':
      case 'App.minimizeApp':
      case 'Haptics.impact':
      case 'SystemBars.setStyle':
      case 'LocalNotifications.createChannel':
      case 'LocalNotifications.removeAllDeliveredNotifications':
      case 'LocalNotifications.removeDeliveredNotifications':
        return {}
      default:
        return undefined
    }
  }

  /** The bytes of a file that was handed to the person. */
  file(path: string): Buffer {
    return Buffer.from(this.files.get(path) ?? '', 'base64')
  }
}

const inexact = (options: Record<string, unknown>): boolean =>
  (options['notifications'] as { isExactNotification?: boolean }[]).every(
    (notice) => notice.isExactNotification === false,
  )

/** Runs in the page before anything of it: what a shell's web view puts there. */
function nativeSide({ system, headers }: { system: System; headers: Header[] }): void {
  const shell = window as unknown as Record<string, unknown>
  const toNative = shell['toNative'] as (call: unknown) => Promise<void>
  shell['Capacitor'] = {
    DEBUG: false,
    isLoggingEnabled: false,
    Plugins: {},
    PluginHeaders: headers,
  }
  if (system === 'android') {
    shell['androidBridge'] = { postMessage: (call: string) => void toNative(JSON.parse(call)) }
  } else {
    shell['webkit'] = {
      messageHandlers: { bridge: { postMessage: (call: unknown) => void toNative(call) } },
    }
  }
}

/** All that the plugins' native sources say they have. */
function headers(system: System): Header[] {
  const sources = sourcesOf(system).map((file) => readFileSync(file, 'utf8'))
  return sources.flatMap((source) => {
    const [name, methods] = system === 'android' ? inJava(source) : inSwift(source)
    if (name === undefined) return []
    const all = [
      ...new Set([...methods, 'checkPermissions', 'requestPermissions', 'removeAllListeners']),
    ]
    return [
      {
        name,
        methods: [
          ...all.map((method) => ({ name: method, rtype: 'promise' as const })),
          { name: 'addListener', rtype: 'callback' as const },
          { name: 'removeListener', rtype: 'callback' as const },
        ],
      },
    ]
  })
}

const inJava = (source: string): [string | undefined, string[]] => [
  /@CapacitorPlugin\([^)]*?name = "(\w+)"/s.exec(source)?.[1] ??
    /@CapacitorPlugin\s+public class (\w+)/.exec(source)?.[1],
  [...source.matchAll(/@PluginMethod(?:\([^)]*\))?[^{]*?(?:void|fun) (\w+)\(/gs)].map(
    ([, name]) => name ?? '',
  ),
]
const inSwift = (source: string): [string | undefined, string[]] => [
  /let jsName = "(\w+)"/.exec(source)?.[1],
  [
    ...source.matchAll(
      /(?:CAPPluginMethod\(name: "|(?:CAPPluginMethod|\.init)\(#selector\()(\w+)/g,
    ),
  ].map(([, name]) => name ?? ''),
]

function sourcesOf(system: System): string[] {
  const suffixes = system === 'android' ? ['.java', '.kt'] : ['.swift']
  const manifest = readFileSync(join(packages, '../package.json'), 'utf8')
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> }
  return Object.keys(dependencies).flatMap((name) =>
    readdirSync(join(packages, name), { recursive: true, encoding: 'utf8' })
      .filter(
        (file) => suffixes.includes(extname(file)) && !/(^|\/)(tests?|androidTest)\//i.test(file),
      )
      .map((file) => join(packages, name, file)),
  )
}
