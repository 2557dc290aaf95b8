import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'

/**
 * Names the tests that passed only on a retry, each with the first error of the failed attempt.
 * SEALSTREAM_SHAKY_FILE, if set, gets one line per such test, `file > name`; the file is empty when
 * there is none.
 */
export default class ShakyReporter {
  onTestRunEnd(modules) {
    const shaky = modules.flatMap((module) =>
      [...module.children.allTests()]
        .filter((test) => test.diagnostic()?.flaky)
        .map((test) => ({
          name: `${relative(process.cwd(), module.moduleId)} > ${inOneLine(test.fullName)}`,
          error: test.result().errors?.[0]?.message ?? '',
        })),
    )
    for (const { name, error } of shaky) {
      console.log(` Passed only on a retry: ${name}\n   ${inOneLine(error)}`)
    }
    const file = process.env.SEALSTREAM_SHAKY_FILE
    if (file) writeFileSync(file, shaky.map(({ name }) => `${name}\n`).join(''))
  }
}

const inOneLine = (text) => text.replaceAll(/\s+/g, ' ')
