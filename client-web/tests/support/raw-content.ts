/** A content as anna's second device sends it, and what a reader makes of an altered one. */
import { utf8 } from '@/crypto/bytes'
import { pad } from '@/crypto/padding'
import { decodeContent } from '@/messenger/contents/codec'
import type { Content } from '@/messenger/contents/registry'

export const me = '11111111-1111-4111-8111-111111111111'
export const anna = '22222222-2222-4222-8222-222222222222'
export const id = '33333333-3333-4333-8333-333333333333'
export const content = {
  v: 1,
  type: 'text',
  id,
  from: { user_id: anna, device_id: 2, username: 'anna', identity: 'KEY' },
  to: me,
  n: 1,
  sent_at: 1_700_000_000_000,
  text: 'Grüße 👋',
} satisfies Content
export const expected = { userId: anna, deviceId: 2, identity: 'KEY', to: me }
export const altered = (patch: object) => pad(utf8(JSON.stringify({ ...content, ...patch })))
export const problem = (bytes: Uint8Array) => {
  try {
    decodeContent(bytes, expected)
    return 'none'
  } catch (error) {
    return (error as { problem?: string }).problem
  }
}
