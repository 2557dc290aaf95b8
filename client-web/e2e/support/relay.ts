/**
 * A real relay: `sealstream up` on a free port and a temporary folder. Its nodes and workers are forks of one Python
 * process (tests/support/forked_up.py), which halves the CPU of a start.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../../..')
/** The client that relays serve. */
export const BUILT = process.env['SEALSTREAM_CLIENT_DIR'] ?? join(ROOT, 'client-web/dist')
const FORKED_UP = 'tests.support.forked_up'
const START_TIMEOUT = 90_000
const STOP_TIMEOUT = 30_000

export type Part =
  | 'log'
  | 'board'
  | 'postgres'
  | 'node-0'
  | 'projector'
  | 'pusher'
  | 'retention'
  | 'rate-limiter'

export class Relay {
  url = ''
  private child: ChildProcess | null = null
  private output = ''

  private constructor(
    readonly data: string,
    private readonly port: number,
    private readonly settings: Record<string, string>,
  ) {}

  /** Throws at once when there is no client for it to serve: every test would wait for its page in vain. */
  static async start(settings: Record<string, string> = {}): Promise<Relay> {
    const client = settings['SEALSTREAM_CLIENT_DIR'] ?? BUILT
    if (!existsSync(join(client, 'index.html'))) {
      throw new Error(`There is no built client in ${client}. Run \`make client\` first.`)
    }
    const data = mkdtempSync(join(tmpdir(), 'sealstream-e2e-'))
    const relay = new Relay(data, await freePort(), settings)
    await relay.up()
    return relay
  }

  /** One that somebody else started, and ends. */
  static at({ url, data }: { url: string; data: string }): Relay {
    const relay = new Relay(data, 0, {})
    relay.url = url
    return relay
  }

  async up(): Promise<void> {
    const options = ['--data', this.data, '--port', String(this.port)]
    this.output = ''
    const child = spawn(join(ROOT, '.venv/bin/python'), ['-m', FORKED_UP, ...options], {
      cwd: ROOT,
      env: {
        ...process.env,
        SEALSTREAM_REGISTRATIONS_PER_HOUR: '10000',
        SEALSTREAM_LOGINS_PER_MINUTE: '10000',
        SEALSTREAM_REFRESHES_PER_MINUTE: '10000',
        SEALSTREAM_CONNECTIONS_PER_MINUTE: '1000',
        // Idle workers renew a lease and read a stream for each partition, every second.
        SEALSTREAM_PARTITIONS: '2',
        ...this.settings,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child = child
    const collect = (chunk: Buffer): void => {
      this.output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    await this.until(
      () => {
        if (child.exitCode !== null) throw new Error(`the relay ended:\n${this.output}`)
        return /Sealstream is ready at (\S+)/.test(this.output)
      },
      START_TIMEOUT,
      () => `the relay did not start:\n${this.output}`,
    )
    this.url = /Sealstream is ready at (\S+)/.exec(this.output)?.[1] ?? ''
  }

  /** A command of the person who hosts it, on its own machine. */
  command(...args: string[]): { status: number | null; said: string } {
    const { status, stdout, stderr } = spawnSync(join(ROOT, '.venv/bin/sealstream'), args, {
      encoding: 'utf8',
      env: { ...process.env, SEALSTREAM_DATA: this.data },
    })
    return { status, said: stdout + stderr }
  }

  pid(part: Part): number {
    return Number(readFileSync(join(this.data, 'run', `${part}.pid`), 'utf8'))
  }

  /** `kill -9`; the supervisor starts it again. Resolves when another process has its place. */
  async kill(...parts: Part[]): Promise<void> {
    const before = new Map(parts.map((part) => [part, this.pid(part)]))
    for (const pid of before.values()) process.kill(pid, 'SIGKILL')
    for (const [part, pid] of before) {
      await this.until(
        () => this.safely(() => this.pid(part) !== pid && alive(this.pid(part))),
        START_TIMEOUT,
        () => `${part} did not come back:\n${this.output}`,
      )
    }
    await this.ready()
  }

  async ready(): Promise<void> {
    await this.until(
      async () => (await fetch(`${this.url}/readyz`).catch(() => null))?.ok ?? false,
      START_TIMEOUT,
      () => `the relay is not ready:\n${this.output}`,
    )
  }

  /** SIGTERM: drains and stops; the data stays. */
  async down(): Promise<void> {
    const child = this.child
    this.child = null
    if (!child || child.exitCode !== null) return
    const ended = new Promise<void>((done) => child.once('exit', () => done()))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT)
    await ended
    clearTimeout(timer)
  }

  /** Keeps a copy of all data; the relay is down. `restore` puts it back. */
  keep(): void {
    cpSync(this.data, this.copy(), { recursive: true, preserveTimestamps: true })
  }

  /** All data becomes the kept copy; the relay is down. */
  restore(): void {
    rmSync(this.data, { recursive: true })
    renameSync(this.copy(), this.data)
  }

  private copy(): string {
    return `${this.data}-copy`
  }

  /** Files under the data folder that contain the text, as it is or in one of the usual codings. */
  filesWith(text: string): string[] {
    const patterns = codings(text).flatMap((coding) => ['-e', coding])
    const found = spawnSync('grep', ['-rlaF', ...patterns, this.data], { encoding: 'utf8' })
    // 2: a file went away while it looked; what it found stands all the same.
    if (found.status === null || found.status > 2) throw new Error(`grep: ${found.stderr}`)
    return found.stdout.split('\n').filter(Boolean)
  }

  async destroy(): Promise<void> {
    await this.down()
    for (const folder of [this.data, this.copy()]) rmSync(folder, { recursive: true, force: true })
  }

  private safely(check: () => boolean): boolean {
    try {
      return check()
    } catch {
      return false
    }
  }

  private async until(
    check: () => boolean | Promise<boolean>,
    timeout: number,
    complaint: () => string,
  ): Promise<void> {
    const end = Date.now() + timeout
    while (!(await check())) {
      if (Date.now() > end) throw new Error(complaint())
      await new Promise((done) => setTimeout(done, 100))
    }
  }
}

/** The text, its hexadecimal, and what base64 makes of it at each of the three places it may begin at. */
function codings(text: string): string[] {
  const bytes = Buffer.from(text)
  const base64 = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    return whole.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3))
  })
  return [text, bytes.toString('hex'), ...base64]
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => done(port))
    })
  })
}
