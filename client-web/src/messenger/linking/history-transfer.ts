/** Brings history up and down while an account is open, again and again until all of it is through. */
import type { App } from '@/messenger/session/app'
import type { Services } from '@/messenger/session/services'
import { delay } from '@/messenger/core/backoff'
import { storeWaits } from '@/storage/errors'
import { isNotLoaded } from '@/crypto/errors'
import { PartMissing } from '@/platform/late-parts'
import { RelayError } from '@/wire/errors'
import { HistoryDownload } from './history-download'
import { HistoryRest } from './history-rest'
import { HistoryUpload } from './history-upload'

const backoff = { first: 500, factor: 2, most: 60_000 }

interface Job {
  run(): Promise<void>
}

/** Of an open account; each of its jobs runs once at a time. */
const transfers = new WeakMap<Services, readonly (() => Promise<void>)[]>()

/** Until there is nothing left or the account is closed. Never rejects. */
export async function transferHistory(app: App, services: Services): Promise<void> {
  let jobs = transfers.get(services)
  if (!jobs) {
    const open = (): boolean => app.services === services
    const upload = new HistoryUpload(services)
    const bringUp = once(open, upload)
    const rest = once(open, new HistoryRest(services, upload, bringUp))
    jobs = [bringUp, rest, once(open, new HistoryDownload(services))]
    transfers.set(services, jobs)
  }
  await Promise.all(jobs.map((job) => job()))
}

/** Runs the job; a call while it runs has it run once more. */
function once(open: () => boolean, job: Job): () => Promise<void> {
  let running: Promise<void> | null = null
  let again = false
  const run = async (): Promise<void> => {
    do {
      again = false
      await untilDone(open, job)
    } while (again)
    running = null
  }
  return () => {
    again = true
    return (running ??= run())
  }
}

async function untilDone(open: () => boolean, job: Job): Promise<void> {
  for (let failures = 0; open(); failures++) {
    try {
      return await job.run()
    } catch (error) {
      if (!open()) return
      const isMissing = error instanceof PartMissing || isNotLoaded(error)
      const passing = error instanceof RelayError || storeWaits(error) || isMissing
      if (!passing) return reportError(error)
      await new Promise((done) => setTimeout(done, delay(backoff, failures)))
    }
  }
}
