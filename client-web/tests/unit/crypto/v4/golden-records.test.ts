/** Sessions as builds stored them: `tests/fixtures/session-records.json`. Entries are never changed; new forms are added. */
import { expect, test } from 'vitest'
import { fromBase64, fromUtf8 } from '@/crypto/bytes'
import { versionFour } from '@/crypto/v4/version-four'
import type { EnvelopeKind } from '@/crypto/protocol/protocol'
import entries from '../../../fixtures/session-records.json'

test.each(entries)(
  'a session stored by the build of $made reads what waits for it',
  async (entry) => {
    const { local, remote, letters } = entry
    const { state, parts, archive } = entry.record
    let record = {
      state: fromBase64(state),
      parts: fromBase64(parts),
      archive: fromBase64(archive),
    }
    for (const { kind, body, text } of letters) {
      const result = await versionFour.decrypt({
        local: {
          keyPair: {
            publicKey: fromBase64(local.publicKey),
            privateKey: fromBase64(local.privateKey),
          },
          registrationId: local.registrationId,
          address: local.address,
        },
        remote,
        session: record,
        kind: kind as EnvelopeKind,
        body: fromBase64(body),
        pinned: null,
        prekey: null,
        signedPrekey: null,
        kemPrekey: null,
        baseKeyUsed: false,
      })
      expect(fromUtf8(result.plaintext)).toBe(text)
      record = result.session
    }
  },
)
