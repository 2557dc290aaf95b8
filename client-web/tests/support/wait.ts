/** Resolves once `check` holds. @throws Error that names `what` if it never does. */
export async function until(
  check: () => boolean | Promise<boolean>,
  what: string,
  timeout = 8_000,
): Promise<void> {
  const end = Date.now() + timeout
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`never happened: ${what}`)
    await new Promise((done) => setTimeout(done, 10))
  }
}

/** Long enough for anything in flight to have arrived, where a test expects that nothing does. */
export const calm = (ms = 400): Promise<void> => new Promise((done) => setTimeout(done, ms))
