/** Two people whose messages disappear, and the clock of their devices. */
import { openDatabase } from '@/storage/database'
import type { Client } from './client'
import { until } from './wait'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const PASSPHRASE = 'seven plain words for a backup'

/** The clock of all devices; they may sleep. */
export function clock() {
  const began = { ahead: 0 }
  return {
    options: { now: () => Date.now() + began.ahead },
    pass: (ms: number) => void (began.ahead += ms),
  }
}

export const timer = (client: Client, other: Client) =>
  client.shown.conversations.get(other.chat)?.timer
export const last = (client: Client) => client.shown.messages.at(-1)
export const notices = (client: Client) =>
  client.shown.messages.flatMap(({ notice }) => (notice?.type === 'timer' ? [notice] : []))

export async function setBoth(anna: Client, bob: Client, seconds: number): Promise<void> {
  await anna.messenger.setTimer(bob.chat, seconds, 'in words')
  await until(() => timer(bob, anna) === seconds, 'known there')
}

export async function countRows(table: 'sent' | 'deadlines', { database }: Client) {
  const db = await openDatabase(database)
  const count = await db.count(table)
  db.close()
  return count
}

export async function tell(from: Client, to: Client, text: string): Promise<string> {
  const { id } = await from.messenger.sendText(to.chat, text)
  await until(() => to.received().includes(text), text)
  await until(() => last(from)?.status !== 'waiting', 'accepted')
  return id
}
