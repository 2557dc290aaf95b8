/**
 * Parts of the app that are fetched when first needed. After an upgrade, a page of the old version asks for files
 * that the server no longer has: a new version exists, and a reload fetches it. Any other failure is the
 * network's, and a retry may work.
 */

/** Vite's event for a part of code or style that could not be fetched. */
const MISSING = 'vite:preloadError'
/** Our event for other files. */
const FILE_MISSING = 'sealstream:part-missing'

export interface LatePartEvents {
  /** The server's version differs from this page's. */
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

/** For a file that is not fetched by `import()`: a worker's script, the scanner. */
export function reportMissingPart(): void {
  dispatchEvent(new Event(FILE_MISSING))
}

/** Reports the cause whenever a part cannot be fetched. The returned function stops that. */
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

/** Whether the server's page starts another script than this page did. */
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

/** Bypasses every cache, also the service worker's, whose copy is as old as this page. */
const fetchPage = (): Promise<Response> =>
  fetch(`/index.html?at=${Date.now()}`, { cache: 'no-store', signal: AbortSignal.timeout(5_000) })

const entryOf = (page: Document): string | null =>
  page.querySelector('script[type=module][src]')?.getAttribute('src') ?? null

/** The markup is only parsed, never inserted. */
function entryIn(markup: string): string | null {
  const scripts = markup.match(/<script\b[^>]*>/g) ?? []
  const entry = scripts.find((tag) => /\stype="module"/.test(tag) && /\ssrc="/.test(tag))
  return entry === undefined ? null : (/\ssrc="([^"]*)"/.exec(entry)?.[1] ?? null)
}
