/**
 * Parts of the app that are fetched when first needed. After an upgrade a page of the old version
 * asks for files that the server has no more: then a new version is there, and a reload brings it.
 * Otherwise the network is at fault, and another try may work.
 */

/** Vite's, for every part of code or style that did not come. */
const MISSING = 'vite:preloadError'
/** Ours, for other files. */
const FILE_MISSING = 'sealstream:part-missing'

export interface LatePartEvents {
  /** The server has another version than this page. */
  outdated(): void
  unreachable(): void
}

/** Code that could not be fetched. Vite's loader has raised `MISSING` for it. */
export class PartMissing extends Error {
  override readonly name = 'PartMissing'
}

/** @throws PartMissing */
export const fetched = <T>(part: Promise<T>): Promise<T> =>
  part.catch((cause: unknown) => {
    throw new PartMissing('a part could not be fetched', { cause })
  })

/** For a file that is fetched by other means than `import()`: a worker's script, the scanner. */
export function reportMissingPart(): void {
  dispatchEvent(new Event(FILE_MISSING))
}

/** Tells which of both it is, each time a part does not come; the result stops that. */
export function watchLateParts(
  events: LatePartEvents,
  isOutdated: () => Promise<boolean> = servesAnotherVersion,
): () => void {
  const missed = (): void => {
    void isOutdated().then((outdated) => (outdated ? events.outdated() : events.unreachable()))
  }
  addEventListener(MISSING, missed)
  addEventListener(FILE_MISSING, missed)
  return () => {
    removeEventListener(MISSING, missed)
    removeEventListener(FILE_MISSING, missed)
  }
}

/** Whether the page that the server gives now starts another script than this one did. */
export async function servesAnotherVersion(
  page: Document = document,
  load: () => Promise<Response> = fetchPage,
): Promise<boolean> {
  try {
    const response = await load()
    if (!response.ok) return false
    const theirs = entryIn(await response.text())
    return theirs !== null && theirs !== entryOf(page)
  } catch {
    return false
  }
}

/** Past every cache, the service worker's included: its copy is as old as this page. */
const fetchPage = (): Promise<Response> =>
  fetch(`/index.html?at=${Date.now()}`, { cache: 'no-store', signal: AbortSignal.timeout(5_000) })

const entryOf = (page: Document): string | null =>
  page.querySelector('script[type=module][src]')?.getAttribute('src') ?? null

/** Of markup that is only read: the page is our own build's. */
function entryIn(markup: string): string | null {
  const scripts = markup.match(/<script\b[^>]*>/g) ?? []
  const entry = scripts.find((tag) => /\stype="module"/.test(tag) && /\ssrc="/.test(tag))
  return entry === undefined ? null : (/\ssrc="([^"]*)"/.exec(entry)?.[1] ?? null)
}
