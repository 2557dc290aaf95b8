/** The engine's thread. Cryptography never blocks typing and scrolling. */
import { expose } from 'comlink'
import { engineThread } from './engine-thread'

expose(engineThread())
