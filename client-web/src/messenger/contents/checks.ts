/** Checks on what another client wrote, and the error they raise. */

export type ContentProblem = 'malformed' | 'wrong_sender' | 'wrong_recipient'

export class ContentError extends Error {
  override readonly name = 'ContentError'
  constructor(readonly problem: ContentProblem) {
    super(problem)
  }
}

export const malformed = (): ContentError => new ContentError('malformed')

/** Of a content, as JSON has them. */
export type Fields = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isCount = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least

/** Since the epoch, and early enough for a `Date` to hold it. */
export const isTime = (value: unknown): value is number =>
  isCount(value, 0) && Number.isFinite(new Date(value).getTime())

/** For how long messages stay; no client offers more. */
const MOST_SECONDS = 366 * 86_400

export const isDuration = (value: unknown): value is number =>
  isCount(value, 1) && value <= MOST_SECONDS

export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
}

/** @throws ContentError */
export function readIds(value: unknown): string[] {
  if (!Array.isArray(value) || !value.every(isUuid)) throw malformed()
  return value
}
