/** Contents that one's own devices send each other, so that all show the same; each names a person. */
import { readAbout } from '@/messenger/contents/about'
import type { About } from '@/messenger/contents/about'
import { isCount, isTime, isUuid, malformed, readIds } from '@/messenger/contents/checks'
import type { Fields } from '@/messenger/contents/checks'
import type { ContentType } from '@/messenger/contents/content-type'
import type { SharedChanges } from '@/messenger/contents/effects'
import { readPointers } from '@/messenger/contents/text/pointer'
import type { FilePointer } from '@/messenger/contents/text/pointer'
import { nicknameProblem } from '@/text/nickname'

export type SettingValue = string | number | boolean

export type Change =
  /** Received messages that were seen; or all up to the one named `upto`, as other clients may say it. */
  | { what: 'read'; ids: string[] }
  | { what: 'read'; upto: string }
  /** Added or accepted; turned away as a request; removed with everything. */
  | { what: 'contact'; relation: 'contact' | 'declined' | 'removed' }
  /** The key in `for` was compared, or the mark was taken back. */
  | { what: 'verified'; verified: boolean }
  | { what: 'block'; blocked: boolean }
  /** `until`: ms; absent: for good. */
  | { what: 'mute'; muted: boolean; until?: number }
  | { what: 'archive'; archived: boolean }
  | { what: 'pin'; pinned: boolean }
  /** Null: none. */
  | { what: 'nickname'; nickname: string | null }
  /** About oneself. */
  | { what: 'setting'; name: string; value: SettingValue }
  /**
   * Single messages, of each whether it is one's own (older devices do not say it: then whoever wrote under the
   * id); or the conversation up to the one named `upto`, null where it was empty.
   */
  | { what: 'deleted'; ids: string[]; mine?: boolean[] }
  | { what: 'deleted'; upto: string | null }
  /** Marks of single messages. */
  | ({ what: 'star'; starred: boolean } & NamedMessages)
  | ({ what: 'pin_message'; pinned: boolean } & NamedMessages)
  /** About oneself, for the device of this number alone: the rest of the history that it was linked with. */
  | { what: 'history'; device: number; files: FilePointer[] }

/** Of each whether it is one's own. */
interface NamedMessages {
  ids: string[]
  mine: boolean[]
}

export type SyncBody = { type: 'sync'; for: About; silent: true } & Change

export const sync: ContentType<SyncBody> = {
  types: ['sync'],
  read(fields) {
    const change = readChange(fields)
    if (!change) return null
    const { for: about } = readAbout(fields['for'])
    if (!about) throw malformed()
    return { type: 'sync', for: about, silent: true, ...change }
  },
  message: null,
  sync: 'not_copied',
  clock: 'writer',
  async fromOwnDevice(effects, { content }) {
    const changes = await effects.changing()
    if (changes) await apply(changes, content)
  },
}

async function apply(changes: SharedChanges, change: Change): Promise<void> {
  switch (change.what) {
    case 'read':
      return 'ids' in change ? changes.read(change.ids) : changes.readUpto(change.upto)
    case 'contact':
      return changes.relation(change.relation)
    case 'verified':
      return changes.verified(change.verified)
    case 'block':
      return changes.blocked(change.blocked)
    case 'mute':
      return changes.muted(change.muted, change.until ?? null)
    case 'archive':
      return changes.archived(change.archived)
    case 'pin':
      return changes.pinned(change.pinned)
    case 'nickname':
      return changes.nickname(change.nickname)
    case 'setting':
      return changes.setting(change.name, change.value)
    case 'deleted':
      if ('ids' in change) return changes.deleted(change.ids, change.mine)
      return changes.deletedUpto(change.upto)
    case 'star':
      return changes.marked('starred', change.ids, change.mine, change.starred)
    case 'pin_message':
      return changes.marked('pinned', change.ids, change.mine, change.pinned)
    case 'history':
      return changes.history(change.device, change.files)
  }
}

/** Null for what only a newer version knows. @throws ContentError */
function readChange(fields: Fields): Change | null {
  const flag = (name: string): boolean => {
    const value = fields[name]
    if (typeof value !== 'boolean') throw malformed()
    return value
  }
  switch (fields['what']) {
    case 'read': {
      const { ids, upto } = fields
      if (ids !== undefined) return { what: 'read', ids: readIds(ids) }
      if (!isUuid(upto)) throw malformed()
      return { what: 'read', upto }
    }
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
      return readMute(flag('muted'), fields['until'])
    case 'archive':
      return { what: 'archive', archived: flag('archived') }
    case 'pin':
      return { what: 'pin', pinned: flag('pinned') }
    case 'nickname': {
      const { nickname } = fields
      if (nickname !== null && (typeof nickname !== 'string' || nicknameProblem(nickname))) {
        throw malformed()
      }
      return { what: 'nickname', nickname }
    }
    case 'setting': {
      const { name, value } = fields
      const known = ['string', 'number', 'boolean'].includes(typeof value)
      if (typeof name !== 'string' || !known) throw malformed()
      return { what: 'setting', name, value: value as SettingValue }
    }
    case 'deleted': {
      if (fields['ids'] !== undefined) return readDeleted(fields)
      const { upto } = fields
      if (upto !== null && !isUuid(upto)) throw malformed()
      return { what: 'deleted', upto }
    }
    case 'star':
      return { what: 'star', ...readNamed(fields), starred: flag('starred') }
    case 'pin_message':
      return { what: 'pin_message', ...readNamed(fields), pinned: flag('pinned') }
    case 'history': {
      const { device } = fields
      if (!isCount(device, 1)) throw malformed()
      return { what: 'history', device, files: readPointers(fields['files']).files ?? [] }
    }
    default:
      return null
  }
}

function readMute(muted: boolean, until: unknown): Change {
  if (until === undefined || until === null) return { what: 'mute', muted }
  if (!isTime(until)) throw malformed()
  return { what: 'mute', muted, until }
}

function readDeleted(fields: Fields): Change {
  if (fields['mine'] === undefined) return { what: 'deleted', ids: readIds(fields['ids']) }
  return { what: 'deleted', ...readNamed(fields) }
}

function readNamed(fields: Fields): NamedMessages {
  const ids = readIds(fields['ids'])
  const { mine } = fields
  const fits = Array.isArray(mine) && mine.length === ids.length
  if (!fits || !mine.every((one) => typeof one === 'boolean')) throw malformed()
  return { ids, mine }
}
