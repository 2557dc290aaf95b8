/** A new device that links itself to an account on another. */
import { expect, onTestFinished } from 'vitest'
import type { LinkStep } from '@/messenger/contract'
import { MessengerError } from '@/messenger/contract'
import { Client, PASSWORD } from './client'
import type { ClientOptions } from './client'
import type { TestRelay } from './test-relay'
import { until } from './wait'

export interface Linking {
  fresh: Client
  /** Steps that the new device showed. */
  steps: LinkStep[]
  outcome: Promise<'in' | string>
  code(): Promise<string>
  digits(): Promise<string>
}

export async function begin(relay: TestRelay, options: ClientOptions = {}): Promise<Linking> {
  const fresh = new Client('anna', relay, { deviceName: 'Firefox (Linux)', ...options })
  await fresh.boot()
  const steps: LinkStep[] = []
  const left = new AbortController()
  onTestFinished(() => left.abort())
  const outcome = fresh.messenger
    .linkThisDevice((step) => void steps.push(step), left.signal)
    .then(() => 'in', codeOf)
  const find = async <S extends LinkStep['step']>(wanted: S) => {
    const found = () => steps.find(({ step }) => step === wanted)
    await until(() => found() !== undefined, wanted)
    return found() as Extract<LinkStep, { step: S }>
  }
  return {
    fresh,
    steps,
    outcome,
    code: async () => (await find('code')).code,
    digits: async () => (await find('check')).digits,
  }
}

export const codeOf = (error: unknown): string =>
  error instanceof MessengerError ? error.code : String(error)

export async function linked(
  relay: TestRelay,
  old: Client,
  options: ClientOptions = {},
): Promise<Client> {
  const { fresh, outcome, code, digits } = await begin(relay, options)
  await old.messenger.joinLink(await code())
  await old.messenger.confirmLink(await digits(), PASSWORD)
  expect(await outcome).toBe('in')
  return fresh
}
