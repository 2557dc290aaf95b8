import { defineStore } from 'pinia'
import { reactive } from 'vue'
import { defaultSettings } from '@/messenger/contract'
import type { AppState, Connection, Progress, Settings } from '@/messenger/contract'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Which screen the app is on and whose account it shows. */
export const useAppStore = defineStore('app', () => {
  const state: Mutable<AppState> = reactive({
    phase: 'starting',
    account: null,
    knownUsername: null,
    relay: { url: null, choosable: false },
    lock: { enabled: false, locked: false, passkey: false },
    offerLock: false,
    trouble: null,
    ended: null,
    storagePersisted: null,
    updateReady: false,
    partsGone: 0,
    expired: null,
    newDevices: [],
  })
  return { state }
})

/** The way to the relay. */
export const useConnectionStore = defineStore('connection', () => {
  const state: Mutable<Connection> = reactive({
    state: 'paused',
    retryAt: null,
    sendLimitedUntil: null,
    relayClock: null,
    waiting: 0,
  })
  return { state }
})

export const useSettingsStore = defineStore('settings', () => {
  const state: Mutable<Settings> = reactive({ ...defaultSettings })
  return { state }
})

/** Long work in progress, by task. */
export const useProgressStore = defineStore('progress', () => {
  const state = reactive<{ tasks: Partial<Record<Progress['task'], Progress>> }>({ tasks: {} })
  return { state }
})
