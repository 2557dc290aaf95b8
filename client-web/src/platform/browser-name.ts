/** In the order in which they are looked for: many name others beside themselves. */
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const SYSTEMS: readonly [RegExp, string][] = [
  [/\b(iPhone|iPod)\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

/** “Firefox on Linux”: enough to tell one's own devices apart, and nothing more. */
export function browserName(userAgent: string): string {
  const find = (list: typeof BROWSERS) => list.find(([sign]) => sign.test(userAgent))?.[1]
  const [browser, system] = [find(BROWSERS) ?? 'Browser', find(SYSTEMS)]
  return system ? `${browser} on ${system}` : browser
}
