/** The calls that the engine's thread answers. Only this thread holds the safe's key unwrapped. */
import { CryptoError } from '@/crypto/errors'
import { rewrap, Safe } from './safe'
import { SafeEngine } from './safe-engine'
import type { RawSecrets, SafeAccess, SafeControl, SealedEngine } from './engine'

export type ThreadCalls = SealedEngine & SafeControl

export type Outcome =
  | { ok: true; value: unknown }
  | { ok: false; code: CryptoError['code']; message: string }

class Control implements SafeControl {
  engine: SafeEngine | null = null

  async createSafe(wrapping: CryptoKey, raw: RawSecrets) {
    const { safe, wrapped } = await Safe.create(wrapping)
    const engine = new SafeEngine(safe)
    const secrets = await engine.adopt(raw)
    this.engine = engine
    return { wrapped, secrets }
  }

  async openSafe({ wrapped, wrapping, identity }: SafeAccess): Promise<void> {
    const engine = new SafeEngine(await Safe.open(wrapped, wrapping))
    if (identity) await engine.openIdentity(identity)
    this.engine = engine
  }

  rewrapSafe = rewrap
}

/** Errors lose their type on the way between threads, so they travel as values. */
export function engineThread() {
  const control = new Control()
  return {
    async call(method: keyof ThreadCalls, args: unknown[]): Promise<Outcome> {
      try {
        const owner = (method in control ? control : control.engine) as ThreadCalls | null
        if (!owner) throw new CryptoError('internal', 'the safe is not open')
        const run = owner[method] as (...args: unknown[]) => Promise<unknown>
        return { ok: true, value: await run.apply(owner, args) }
      } catch (error) {
        const code = error instanceof CryptoError ? error.code : 'internal'
        return { ok: false, code, message: error instanceof Error ? error.message : String(error) }
      }
    },
  }
}

export type EngineThread = ReturnType<typeof engineThread>
