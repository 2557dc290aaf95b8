/** Screens of the gallery that stand before an open account. */
import { MessengerError } from '../../src/messenger/contract'
import { useAppStore, useProgressStore } from '../../src/stores'
import { NOW } from './people'
import {
  linking,
  LINK_CODE,
  onPhone,
  ready,
  signedOut,
  unopened,
  withoutIdentity,
} from './scene-fills'
import type { Scene } from './scene-fills'

export const entryScenes = {
  'welcome-register': { path: '/', fill: signedOut },
  'welcome-login': { path: '/', fill: signedOut },
  'welcome-server': { path: '/', fill: () => onPhone('https://chat.example.org') },
  'welcome-no-server': { path: '/', fill: () => onPhone(null) },
  'welcome-errors': { path: '/', fill: signedOut },
  'welcome-refused': {
    path: '/',
    fill: () => (
      signedOut(),
      { failing: { login: new MessengerError('rate_limited', 'x', { retryAt: NOW + 40_000 }) } }
    ),
  },
  'welcome-keys': {
    path: '/',
    fill: () => {
      signedOut()
      useProgressStore().state.tasks = {
        keys: { task: 'keys', done: 42, total: 100, cancellable: false },
      }
      return { hanging: ['register'] }
    },
  },
  'welcome-ended': {
    path: '/',
    fill: () => {
      signedOut()
      useAppStore().state.knownUsername = 'mara'
      useAppStore().state.ended = 'revoked'
    },
  },
  'link-code': linking({ step: 'code', code: LINK_CODE }),
  'link-digits': linking({ step: 'check', digits: '42', device: 'Firefox (Android)' }),
  'link-expired': {
    path: '/',
    fill: () => (signedOut(), { failing: { linkThisDevice: new MessengerError('link_expired') } }),
  },
  recovery: { path: '/', fill: signedOut },
  'recovery-nothing': { path: '/', fill: signedOut },
  identity: { path: '/', fill: withoutIdentity },
  'identity-replace': { path: '/', fill: withoutIdentity },
  'identity-restore': {
    path: '/',
    fill: () => (
      withoutIdentity(),
      { failing: { restoreBackup: new MessengerError('backup_wrong_password') } }
    ),
  },
  locked: {
    path: '/',
    fill: () => {
      useAppStore().state.phase = 'locked'
      useAppStore().state.knownUsername = 'mara'
      return { failing: { unlock: new MessengerError('wrong_passphrase') } }
    },
  },
  'lock-offer': {
    path: '/',
    fill: () => {
      ready()
      useAppStore().state.offerLock = true
    },
  },
  'locked-passkey': {
    path: '/',
    fill: () => {
      const lock = { enabled: true, locked: true, passkey: true }
      Object.assign(useAppStore().state, { phase: 'locked', knownUsername: 'mara', lock })
      return { failing: { unlockWithPasskey: new MessengerError('wrong_passkey') } }
    },
  },
  elsewhere: { path: '/', fill: () => void (useAppStore().state.phase = 'elsewhere') },
  unopened: unopened('damaged'),
  'unopened-full': unopened('full'),
  'unopened-offline': unopened('offline'),
  'unopened-erase': unopened('failed'),
  starting: { path: '/', fill: () => {} },
  unsupported: { path: '/', fill: signedOut, missing: 'secure_context' },
  crash: { path: '/', fill: signedOut, crashed: new TypeError('gallery') },
  'crash-details': { path: '/', fill: signedOut, crashed: new TypeError('gallery') },
  'locked-erase': {
    path: '/',
    fill: () => {
      useAppStore().state.phase = 'locked'
    },
  },
} satisfies Record<string, Scene>
