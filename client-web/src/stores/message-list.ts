import type { Message } from '@/messenger/contract'

/** The list with the message in its place: replaced where it is, else inserted by `order`. */
export function upsert(messages: readonly Message[], message: Message): readonly Message[] {
  const last = messages.at(-1)
  if (!last || message.order > last.order) return [...messages, message]
  const at = lowerBound(messages, message.order)
  const found = messages[at]
  if (found?.id === message.id) return messages.with(at, message)
  // Before the loaded stretch: an older page will bring it.
  if (at === 0) return messages
  return messages.toSpliced(at, 0, message)
}

function lowerBound(messages: readonly Message[], order: number): number {
  let [low, high] = [0, messages.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((messages[middle]?.order ?? Infinity) < order) low = middle + 1
    else high = middle
  }
  return low
}
