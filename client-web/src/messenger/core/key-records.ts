/**
 * How the records that hold secrets are read. Since their second version each secret in them is
 * `Sealed`. Those of the first are read once, as `rawKinds`, and rewritten (`session/seal-secrets.ts`).
 */
import { bytes, flag, nullable, number, optional, shape, since, text } from '@/storage/decoders'
import type { Decoder } from '@/storage/decoders'
import { stored } from '@/storage/stored'
import type { KeyPair, LocalIdentity } from '@/crypto/protocol/protocol'
import { asSealed } from '@/crypto/engine/safe'
import type { Sealed, SealedIdentity } from '@/crypto/engine/engine'
import type {
  AccountRecord,
  KemRecord,
  RawAccountRecord,
  RawPrekeyRecord,
  RawSignedPrekeyRecord,
  StoredKemPrekey,
  StoredPrekey,
  StoredSignedPrekey,
  UsedBaseKeyRecord,
} from './records'

const sealed: Decoder<Sealed> = (value) => asSealed(bytes(value))

/** Stands where the first version would be read: its secrets are handed over before anything is. */
const raw: Decoder<never> = () => {
  throw new TypeError('its secrets are not sealed')
}

const keyPair = shape<KeyPair>({ publicKey: bytes, privateKey: bytes })

const account = {
  userId: text,
  username: text,
  deviceId: number,
  sessionId: text,
  published: flag,
  joined: since(false, flag),
  nextPrekeyId: number,
  signedPrekey: nullable(
    shape<{ id: number; createdAt: number }>({ id: number, createdAt: number }),
  ),
  prekeysAvailable: nullable(number),
  lastBackupAt: since(null, nullable(number)),
  kem: optional(
    shape<KemRecord>({
      nextId: number,
      lastResort: number,
      published: flag,
      available: nullable(number),
      signedBefore: optional(number),
    }),
  ),
}

/** The key of the engine's safe, wrapped. */
export const safes = stored('records', bytes)

export const accounts = stored<AccountRecord, 'records'>(
  'records',
  raw,
  shape<AccountRecord>({
    ...account,
    identity: nullable(
      shape<SealedIdentity>({ publicKey: bytes, secret: sealed, registrationId: number }),
    ),
  }),
)

export const sessions = stored<Sealed, 'sessions'>('sessions', raw, sealed)

export const prekeys = stored<StoredPrekey, 'prekeys'>(
  'prekeys',
  raw,
  shape<StoredPrekey>({
    id: number,
    publicKey: bytes,
    secret: sealed,
    uploaded: optional(flag),
    retiredAt: optional(nullable(number)),
  }),
)

export const signedPrekeys = stored<StoredSignedPrekey, 'signed_prekeys'>(
  'signed_prekeys',
  raw,
  shape<StoredSignedPrekey>({
    id: number,
    publicKey: bytes,
    secret: sealed,
    signature: bytes,
    createdAt: number,
    retiredAt: nullable(number),
  }),
)

export const kemPrekeys = stored<StoredKemPrekey, 'kem_prekeys'>(
  'kem_prekeys',
  shape<StoredKemPrekey>({
    id: number,
    publicKey: bytes,
    secret: sealed,
    signature: bytes,
    lastResort: flag,
    uploaded: flag,
    retiredAt: nullable(number),
  }),
)

export const usedBaseKeys = stored<UsedBaseKeyRecord, 'used_base_keys'>(
  'used_base_keys',
  shape<UsedBaseKeyRecord>({ kemPrekeyId: number }),
)

export const rawKinds = {
  accounts: stored<RawAccountRecord, 'records'>(
    'records',
    shape<RawAccountRecord>({
      ...account,
      identity: nullable(shape<LocalIdentity>({ keyPair, registrationId: number })),
    }),
  ),
  sessions: stored('sessions', text),
  prekeys: stored(
    'prekeys',
    shape<RawPrekeyRecord>({
      id: number,
      keyPair,
      uploaded: optional(flag),
      retiredAt: optional(nullable(number)),
    }),
  ),
  signedPrekeys: stored(
    'signed_prekeys',
    shape<RawSignedPrekeyRecord>({
      id: number,
      keyPair,
      signature: bytes,
      createdAt: number,
      retiredAt: nullable(number),
    }),
  ),
}
