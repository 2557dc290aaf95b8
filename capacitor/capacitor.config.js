// @ts-check
/**
 * The shells carry the built client inside the app: the relay serves data to them, never code. Their pages'
 * origins (https://localhost on Android, capacitor://localhost on iOS) are among those a relay allows.
 *
 * @type {import('@capacitor/cli').CapacitorConfig}
 */
const config = {
  appId: 'org.sealstream.app',
  appName: 'Sealstream',
  webDir: 'dist',
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
  plugins: {
    SystemBars: { insetsHandling: 'css', initialViewportFitValueHint: 'cover' },
    LocalNotifications: { smallIcon: 'ic_launcher_foreground', iconColor: '#0b6b61' },
  },
}

module.exports = config
