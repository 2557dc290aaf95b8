import { findMessage } from '@/messenger/core/kept-messages'
import type { TurnChanges } from '@/messenger/core/serial'
import { fingerprint, identityText } from '@/crypto/contact/contact-code'
import type { Chats } from '@/messenger/chats/chats'
import type { Core } from '@/messenger/core/core'
import { versionOf } from '@/crypto/protocol/version'
import type { OutboxRecord } from '@/messenger/core/records'
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

/** Notes on an own message that its copy went to one's own older device in version 3. */
export async function stageCopySeal(
  { core, chats }: { core: Core; chats: Chats },
  changes: TurnChanges,
  { to, contentId, envelopes }: OutboxRecord,
): Promise<void> {
  const older = envelopes?.some(({ body }) => versionOf(body) === 3) ?? false
  if (to !== core.account.userId || !older) return
  const message = await findMessage(core.store, { sender: null, id: contentId })
  if (!message?.encryption) return
  const encryption = { ...message.encryption, postQuantum: false }
  chats.stageChanged(changes, { ...message, encryption })
}
