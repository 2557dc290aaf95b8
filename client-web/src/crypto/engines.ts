/** The engines that this build has, by the tag in front of the secrets they made. */
import type { CryptoEngine } from './engine'
import { CryptoError } from './errors'
import { engineTag } from './safe'
import type { Sealed } from './sealed-engine'
import { signalEngine } from './signal/signal-engine'

export interface TaggedEngine {
  tag: number
  engine: CryptoEngine
}

const engines: readonly TaggedEngine[] = [{ tag: 1, engine: signalEngine }]

/** Makes what has no engine yet. */
export const newest = engines.at(-1) as TaggedEngine

/** Every choice of an engine is made here. @throws CryptoError `damaged` for one that this build does not have */
export function engineOf(sealed: Sealed): TaggedEngine {
  const found = engines.find(({ tag }) => tag === engineTag(sealed))
  if (!found) throw new CryptoError('damaged', 'of an engine that is not known')
  return found
}
