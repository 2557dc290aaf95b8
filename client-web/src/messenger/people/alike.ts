/** Finds people on this device who share a name or a key. */
import { toBase64 } from '@/crypto/bytes'
import type { Contact, UserId } from '@/messenger/contract'
import type { ContactRecord } from '@/messenger/core/records'

type Groups = Map<string, Set<UserId>>

export class Alike {
  private readonly names: Groups = new Map()
  private readonly keys: Groups = new Map()

  /** Follows a record. Gives back the others for whom this may change something. */
  move(before: ContactRecord | undefined, after: ContactRecord | undefined): Set<UserId> {
    const id = before?.userId ?? after?.userId ?? ''
    const touched = new Set<UserId>()
    for (const [groups, nameOf] of [
      [this.names, (person: ContactRecord) => person.username],
      [this.keys, (person: ContactRecord) => toBase64(person.identity)],
    ] as const) {
      const [from, to] = [
        before && seen(before) && nameOf(before),
        after && seen(after) && nameOf(after),
      ]
      if (from === to) continue
      if (from) leave(groups, from, id, touched)
      if (to) join(groups, to, id, touched)
    }
    touched.delete(id)
    return touched
  }

  of(person: ContactRecord): Contact['alike'] {
    if (!seen(person)) return null
    if ((this.keys.get(toBase64(person.identity))?.size ?? 0) > 1) return 'key'
    return (this.names.get(person.username)?.size ?? 0) > 1 ? 'name' : null
  }
}

/** Nothing is shown of people whose request was deleted. */
const seen = (person: ContactRecord): boolean => person.relation !== 'hidden'

function leave(groups: Groups, name: string, id: UserId, touched: Set<UserId>): void {
  const group = groups.get(name)
  group?.delete(id)
  for (const other of group ?? []) touched.add(other)
  if (group?.size === 0) groups.delete(name)
}

function join(groups: Groups, name: string, id: UserId, touched: Set<UserId>): void {
  const group = groups.get(name) ?? new Set<UserId>()
  for (const other of group) touched.add(other)
  groups.set(name, group.add(id))
}
