import { fingerprint, identityText } from '@/crypto/identity'
import type { Changes } from '@/storage/changes'
import type { Chats } from '@/messenger/chats/chats'
import type { Message } from '@/messenger/contract'
import type { Core } from '@/messenger/core/core'
import type { Target } from '@/messenger/keys/targets'

/** Notes on an outgoing message the key of `target`, under which it is encrypted. Call the result after the commit. */
export async function stageSeal(
  { core, chats }: { core: Core; chats: Chats },
  changes: Changes,
  id: string,
  target: Target | null,
): Promise<() => void> {
  const message = await core.store.message<Message>(id)
  if (!message?.encryption || message.direction !== 'out' || !target) return () => undefined
  const { identity, verified = false } = target
  const seal = { fingerprint: fingerprint(identity), identity: identityText(identity), verified }
  return chats.stageChanged(changes, {
    ...message,
    encryption: { ...message.encryption, ...seal },
  })
}
