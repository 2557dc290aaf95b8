/** What is written in a chat: a new message, an answer to one, or another text for one's own. */
import { shallowRef, watch } from 'vue'
import type { ConversationId, Message, NewFile } from '@/messenger/contract'
import { useMessenger } from '@/stores'
import { useErrorText } from './errors'

export function useWriting(id: () => ConversationId, messages: () => readonly Message[]) {
  const messenger = useMessenger()
  const errorText = useErrorText()
  const replyTo = shallowRef<Message | null>(null)
  const editing = shallowRef<Message | null>(null)
  const refused = shallowRef<string | null>(null)

  // One that disappeared is answered no more, nor edited.
  watch(messages, (all) => {
    for (const one of [replyTo, editing]) {
      if (all.every((message) => message.id !== one.value?.id)) one.value = null
    }
  })

  function reply(message: Message): void {
    editing.value = null
    replyTo.value = message
  }

  function edit(message: Message): void {
    replyTo.value = null
    editing.value = message
  }

  /** Not a `useAction`: the next message may leave while the one before is still being stored. */
  async function submit(text: string): Promise<boolean> {
    const [answered, changed] = [replyTo.value, editing.value]
    replyTo.value = null
    refused.value = null
    try {
      if (changed) {
        await messenger.edit(changed.id, text)
        editing.value = null
      } else if (answered) await messenger.reply(id(), text, answered.id)
      else await messenger.sendText(id(), text)
      return true
    } catch (error) {
      replyTo.value = answered
      refused.value = errorText(error)
      return false
    }
  }

  async function sendFiles(files: readonly NewFile[], text: string): Promise<void> {
    await messenger.sendFiles(id(), files, text, replyTo.value?.id)
    replyTo.value = null
  }

  async function sendVoice(file: NewFile): Promise<void> {
    refused.value = null
    try {
      await sendFiles([file], '')
    } catch (error) {
      refused.value = errorText(error)
    }
  }

  return { replyTo, editing, refused, reply, edit, submit, sendFiles, sendVoice }
}
