/** What a page's memory holds, for whoever could read it: every string in its script heap. */
import type { Page } from '@playwright/test'

/** Once what can go has gone. Joined by line breaks. */
export async function heapStrings(page: Page): Promise<string> {
  const devtools = await page.context().newCDPSession(page)
  let snapshot = ''
  devtools.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => (snapshot += chunk))
  await devtools.send('HeapProfiler.enable')
  await devtools.send('HeapProfiler.collectGarbage')
  await devtools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await devtools.detach()
  return (JSON.parse(snapshot) as { strings: string[] }).strings.join('\n')
}
