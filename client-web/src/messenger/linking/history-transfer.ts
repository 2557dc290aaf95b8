/** Brings history up and down while an account is open, again and again until all of it is through. */
import type { App } from '@/messenger/session/app'
import type { Services } from '@/messenger/session/services'
import { delay } from '@/messenger/core/backoff'
import { SealedBlobs } from '@/wire/sealed-blobs'
import { storeWaits } from '@/storage/errors'
import { isNotLoaded } from '@/crypto/errors'
import { RelayError } from '@/wire/errors'
import { HistoryDownload } from './history-download'
import { HistoryUpload } from './history-upload'

const backoff = { first: 500, factor: 2, most: 60_000 }

export const blobsOf = (app: App): SealedBlobs =>
  new SealedBlobs(app.theCore().api, app.relay.calls)

/** Both ways, until there is nothing left or the account is closed. Never rejects. */
export async function transferHistory(app: App, services: Services): Promise<void> {
  const { core } = services
  const blobs = blobsOf(app)
  const jobs = [new HistoryUpload(core, blobs), new HistoryDownload(services, blobs)]
  await Promise.all(jobs.map((job) => untilDone(() => app.services === services, job)))
}

async function untilDone(open: () => boolean, job: { run(): Promise<void> }): Promise<void> {
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
