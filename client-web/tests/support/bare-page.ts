/** A page of its own with the bare library, over a session that other pages use as well. */
import { expose } from 'comlink'
import { utf8 } from '@/crypto/bytes'
import type { LocalIdentity } from '@/crypto/protocol/protocol'
import { BareParty, binary } from './bare-library'

export interface SharedSession {
  load(): Promise<string>
  store(session: string): Promise<void>
}

const page = {
  async encrypt(identity: LocalIdentity, shared: SharedSession, text: string) {
    const party = new BareParty(identity)
    party.loadSession = () => shared.load()
    party.storeSession = (_address, session) => shared.store(session)
    const { body } = await party.cipher('bob').encrypt(utf8(text).buffer)
    return binary(body)
  },
}

export type BarePage = typeof page
expose(page)
