import { mkdirSync, writeFileSync } from 'node:fs'

/**
 * Prints what tests measured (`annotate(text, 'measured')`) at the end of the run, and keeps it in
 * `.artifacts/measured.json`: numbers to look at, never to fail by.
 */
export default class MeasuredReporter {
  onTestRunEnd(modules) {
    const measured = {}
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const lines = test.annotations().filter(({ type }) => type === 'measured')
        if (lines.length > 0) measured[test.fullName] = lines.map(({ message }) => message)
      }
    }
    if (Object.keys(measured).length === 0) return
    for (const [name, lines] of Object.entries(measured)) {
      console.log(`\n Measured: ${name}`)
      for (const line of lines) console.log(`   ${line}`)
    }
    mkdirSync('.artifacts', { recursive: true })
    writeFileSync('.artifacts/measured.json', `${JSON.stringify(measured, null, 2)}\n`)
  }
}
