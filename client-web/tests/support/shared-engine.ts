/** A worker with an engine of its own for each port that it is given. */
import { expose } from 'comlink'
import { engineThread } from '@/crypto/engine/engine-thread'

addEventListener('message', ({ data }: MessageEvent<MessagePort>) => expose(engineThread(), data))
