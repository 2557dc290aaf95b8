import { findMessage } from '@/messenger/core/kept-messages'
import type { TurnChanges } from '@/messenger/core/serial'
import { fingerprint, identityText } from '@/crypto/identity'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import type { Target } from '@/messenger/keys/targets'

/** Notes on an outgoing message the key of `target`, under which it is encrypted. */
export async function stageMessageKey(
  { core, chats }: { core: Core; chats: Chats },
  changes: TurnChanges,
  id: string,
  target: Target | null,
): Promise<void> {
  const message = await findMessage(core.store, { sender: null, id })
  if (!message?.encryption || message.kind === 'notice' || !target) return
  const { identity, verified = false } = target
  const seal = { fingerprint: fingerprint(identity), identity: identityText(identity), verified }
  chats.stageChanged(changes, {
    ...message,
    encryption: { ...message.encryption, ...seal },
  })
}
