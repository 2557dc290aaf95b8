/** Brings history up and down while an account is open, again and again until all of it is through. */
import type { App } from '@/messenger/session/app'
import type { Services } from '@/messenger/session/services'
import { delay } from '@/messenger/core/backoff'
import { SealedBlobs } from '@/wire/sealed-blobs'
import { storeWaits } from '@/storage/errors'
import { isNotLoaded } from '@/crypto/errors'
import { RelayError } from '@/wire/errors'
import { HistoryDownload } from './history-download'
import { HistoryRest } from './history-rest'
import { HistoryUpload } from './history-upload'

const backoff = { first: 500, factor: 2, most: 60_000 }

interface Job {
  run(): Promise<void>
}

export const blobsOf = (app: App): SealedBlobs =>
  new SealedBlobs(app.theCore().api, app.relay.calls)

/** Of an open account; each of its jobs runs once at a time. */
const transfers = new WeakMap<Services, readonly (() => Promise<void>)[]>()

/** Until there is nothing left or the account is closed. Never rejects. */
export async function transferHistory(app: App, services: Services): Promise<void> {
  let jobs = transfers.get(services)
  if (!jobs) {
    const blobs = blobsOf(app)
    const upload = new HistoryUpload(services.core, blobs)
    const rest = new HistoryRest(services, new HistoryUpload(services.core, blobs))
    const open = (): boolean => app.services === services
    jobs = [upload, rest, new HistoryDownload(services, blobs)].map((job) => once(open, job))
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
      const passing = error instanceof RelayError || storeWaits(error) || isNotLoaded(error)
      if (!passing) return reportError(error)
      await new Promise((done) => setTimeout(done, delay(backoff, failures)))
    }
  }
}
