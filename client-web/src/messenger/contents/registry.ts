/** The types of content that this build knows. Adding one: its folder, and its line here. */
import type { MessageKind } from '@/messenger/contract'
import type { Fields } from './checks'
import { malformed } from './checks'
import type { Common, ContentType, MessageRule } from './content-type'
import { deletion, trace } from './delete/delete'
import { edit } from './edit/edit'
import { hello } from './hello/hello'
import { reaction } from './reaction/reaction'
import { receipt } from './receipt/receipt'
import { retry } from './retry/retry'
import { sync } from './sync/sync'
import { text } from './text/text'
import { timer } from './timer/timer'
import { typing } from './typing/typing'
import { unknown } from './unknown/unknown'
import type { UnknownBody } from './unknown/unknown'

const known = { text, receipt, sync, hello, typing, retry, edit, deletion, reaction, timer }

type BodyOf<T> = T extends ContentType<infer B> ? B : never
export type Body = BodyOf<(typeof known)[keyof typeof known]>
export type Content = Common & Body
export type UnknownContent = Common & UnknownBody

export type AnyBody = Body | UnknownBody

const byType = new Map<string, ContentType<AnyBody>>(
  Object.values(known).flatMap((one: ContentType<AnyBody>) =>
    one.types.map((name) => [name, one] as const),
  ),
)

/** The rules of a content's type. */
export const typeOf = (body: AnyBody): ContentType<AnyBody> => byType.get(body.type) ?? unknown

/** Null for what no conversation shows. */
export const messageRuleOf = (body: AnyBody): MessageRule<AnyBody> | null => typeOf(body).message

/** Whether it is a message: what `m` counts, and what a gap is told of. */
export const isMessage = (body: AnyBody): boolean =>
  messageRuleOf(body) !== null && !(body.type === 'unknown' && body.silent)

/** Whether a content of this type, as the wire calls it, stands in a conversation. */
export const isShownType = (name: string): boolean => (byType.get(name) ?? unknown).message !== null

/** By what a kept message is shown as. The compiler checks that each kind has its type. */
export const messageRules: Record<MessageKind, MessageRule<AnyBody> | null> = {
  text: text.message,
  unknown: unknown.message,
  deleted: trace,
  awaited: null,
}

/**
 * Null for a type that this build does not know.
 * @throws ContentError
 */
export function readBody(fields: Fields): Body | null {
  const { type } = fields
  if (typeof type !== 'string') throw malformed()
  const body = byType.get(type)?.read(fields) ?? null
  return body?.type === 'unknown' ? null : body
}
