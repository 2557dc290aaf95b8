/**
 * Contents that one's own devices send each other, so that all show the same. Each names the person it is about,
 * with the key that the sending device knows.
 */
import { isRecord, isUuid, malformed, readIds } from './checks'

/** Whose conversation a copy or a sync content belongs to. */
export interface About {
  user_id: string
  username: string
  identity: string
}

export type Change =
  /** Received messages that were seen. */
  | { what: 'read'; ids: string[] }
  /** Added or accepted; turned away as a request; removed with everything. */
  | { what: 'contact'; relation: 'contact' | 'declined' | 'removed' }
  /** The key in `for` was compared, or the mark was taken back. */
  | { what: 'verified'; verified: boolean }
  | { what: 'block'; blocked: boolean }
  | { what: 'mute'; muted: boolean }
  | { what: 'archive'; archived: boolean }
  /** Single messages; or the conversation up to the one named `upto`, null where it was empty. */
  | { what: 'deleted'; ids: string[] }
  | { what: 'deleted'; upto: string | null }

export type SyncBody = { type: 'sync'; for: About; silent: true } & Change

/** Of a newer version: its device sends what this one does not know. */
type UnknownChange = { type: 'unknown' }

/** @throws ContentError */
export function readSync(
  fields: Record<string, unknown>,
  about: About | undefined,
): SyncBody | UnknownChange {
  if (!about) throw malformed()
  const change = readChange(fields)
  return change ? { type: 'sync', for: about, silent: true, ...change } : { type: 'unknown' }
}

function readChange(fields: Record<string, unknown>): Change | null {
  const flag = (name: string): boolean => {
    const value = fields[name]
    if (typeof value !== 'boolean') throw malformed()
    return value
  }
  switch (fields['what']) {
    case 'read':
      return { what: 'read', ids: readIds(fields['ids']) }
    case 'contact': {
      const { relation } = fields
      const known = relation === 'contact' || relation === 'declined' || relation === 'removed'
      if (!known) throw malformed()
      return { what: 'contact', relation }
    }
    case 'verified':
      return { what: 'verified', verified: flag('verified') }
    case 'block':
      return { what: 'block', blocked: flag('blocked') }
    case 'mute':
      return { what: 'mute', muted: flag('muted') }
    case 'archive':
      return { what: 'archive', archived: flag('archived') }
    case 'deleted': {
      if (fields['ids'] !== undefined) return { what: 'deleted', ids: readIds(fields['ids']) }
      const { upto } = fields
      if (upto !== null && !isUuid(upto)) throw malformed()
      return { what: 'deleted', upto }
    }
    default:
      return null
  }
}

/** @throws ContentError */
export function readAbout(value: unknown): { for?: About } {
  if (value === undefined) return {}
  if (!isRecord(value) || !isUuid(value['user_id'])) throw malformed()
  const { user_id: user, username, identity } = value
  if (typeof username !== 'string' || typeof identity !== 'string') throw malformed()
  return { for: { user_id: user, username, identity } }
}
