/** A backup with years of messages in it, made of one that the app made. */
import { readFileSync, writeFileSync } from 'node:fs'
import { own } from '../../src/crypto/bytes'
import { personIn } from '../../src/messenger/contract'
import { blankMessage, newRecipient } from '../../src/messenger/core/message-record'
import type { MessageRecord } from '../../src/messenger/core/message-record'
import { readBackup, writeBackup } from '../../tests/support/backup'

const WORDS = 'the tent is packed and we leave at seven, bring the stove, a torch and warm clothes'
const MINUTE = 60_000

/** Puts `count` messages before what was said in its only conversation. */
export async function ageBackup(path: string, passphrase: string, count: number): Promise<void> {
  const { content, identity } = await readBackup(own(readFileSync(path)), passphrase)
  const [chat] = content.conversations
  const first = Math.min(...content.messages.map(({ order }) => order))
  const person = chat && personIn(chat.id)
  if (!chat || !person) throw new Error('the backup has no conversation with a person')
  const older = Array.from({ length: count }, (_, i): MessageRecord => {
    const at = first - (count - i) * MINUTE
    return {
      ...blankMessage,
      id: crypto.randomUUID(),
      conversation: chat.id,
      ...(i % 3 === 0
        ? { recipients: [newRecipient(person, { status: 'read' })] }
        : { sender: person }),
      kind: 'text',
      text: `${i}: ${WORDS.slice(0, 8 + ((i * 37) % WORDS.length))}`,
      sentAt: at,
      order: at,
    }
  })
  const aged = { ...content, messages: [...older, ...content.messages] }
  writeFileSync(path, await writeBackup({ content: aged, identity }, passphrase))
}
