import type { CapacitorConfig } from '@capacitor/cli'

/**
 * The shells carry the built client inside the app: the relay serves data to them, never code. Their pages'
 * origins (https://localhost on Android, capacitor://localhost on iOS) are among those a relay allows.
 */
const config: CapacitorConfig = {
  appId: 'org.sealstream.app',
  appName: 'Sealstream',
  webDir: '../client-web/dist',
  // Nothing of a conversation belongs into the device's own log.
  loggingBehavior: 'none',
  server: {
    androidScheme: 'https',
    // No page but the bundled one is ever opened inside the app.
    allowNavigation: [],
  },
  android: {
    allowMixedContent: false,
    webContentsDebuggingEnabled: false,
  },
  ios: {
    webContentsDebuggingEnabled: false,
  },
}

export default config
