/** The engine in its own thread: typing and scrolling never wait for cryptography. */
import { expose } from 'comlink'
import { engineThread } from './engine-thread'

expose(engineThread())
