import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/**
 * Writes the tests that passed only when tried again, one a line (`file › title`), to the file named by
 * SEALSTREAM_SHAKY_FILE; an empty file when there are none. Without the variable it does nothing.
 */
export default class ShakyReporter {
  onBegin(config, suite) {
    this.config = config
    this.suite = suite
  }

  onEnd() {
    const path = process.env.SEALSTREAM_SHAKY_FILE
    if (!path || !this.suite) return
    const shaky = this.suite.allTests().filter((test) => test.outcome() === 'flaky')
    writeFileSync(path, shaky.map((test) => `${this.named(test)}\n`).join(''))
  }

  printsToStdio() {
    return false
  }

  named(test) {
    const file = relative(this.config.rootDir, test.location.file)
    // The first three are the root, the project and the file.
    return [file, ...test.titlePath().slice(3)].join(' › ')
  }
}
