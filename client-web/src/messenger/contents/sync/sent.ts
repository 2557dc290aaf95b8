/**
 * A copy of what this account sent, for its other devices: a `sync` content whose `content` is the one that was sent
 * (PROTOCOL, "Contents"). In this client it is that content, with whom it went to in `for`.
 */
import { readAbout } from '@/messenger/contents/about'
import { isRecord, isTime, isUuid, malformed } from '@/messenger/contents/checks'
import type { Fields } from '@/messenger/contents/checks'
import type { Content } from '@/messenger/contents/registry'

/** As the wire has it: a copy is wrapped, any other content stays as it is. */
export function wrapSent(content: Content): object {
  if (content.type === 'sync' || !('for' in content) || !content.for) return content
  const { for: about, again, m, ...sent } = content
  const { v, id, from, to, n, sent_at } = content
  return {
    v,
    id,
    from,
    to,
    n,
    sent_at,
    ...(m !== undefined && { m }),
    ...(again !== undefined && { again }),
    type: 'sync',
    what: 'sent',
    for: about,
    silent: true,
    content: { ...sent, to: about.user_id },
  }
}

/**
 * The fields of a copied content, with `for`; other fields as they are. Builds before this one sent copies so. Another
 * client may name the recipient in the content alone.
 * @throws ContentError
 */
export function unwrapSent(fields: Fields): Fields {
  if (fields['type'] !== 'sync' || fields['what'] !== 'sent') return fields
  const { content: sent, from: sender, to: receiver } = fields
  const oneself = isRecord(sender) ? sender['user_id'] : undefined
  // Of somebody else it is no copy.
  if (oneself !== receiver) return fields
  if (!isRecord(sent) || sent['type'] === 'sync') throw malformed()
  const { from, to, id, sent_at } = sent
  const isOwn = isRecord(from) && from['user_id'] === oneself
  if (!isOwn || !isUuid(to) || !isUuid(id) || !isTime(sent_at)) throw malformed()
  const { for: about = { user_id: to } } = readAbout(fields['for'])
  if (about.user_id !== to) throw malformed()
  const { v, n, m, again } = fields
  return { ...sent, v, from: sender, to: receiver, n, m, again, for: about }
}
