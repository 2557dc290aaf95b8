import type { RelaySocket } from '@/wire/socket'
import { RelayError } from '@/wire/errors'

/** The longest that a living connection takes to answer; slow ones are opened again in vain. */
const ANSWERS = 2_500

/** Whether the relay answers a call without effect; any answer counts. */
export async function isAlive(socket: RelaySocket, self: string): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<boolean>((over) => {
    timer = setTimeout(() => over(false), ANSWERS)
  })
  const answer = socket.ephemeral(self, []).then(
    () => true,
    (error: unknown) => error instanceof RelayError && error.code !== 'no_answer',
  )
  const alive = await Promise.race([answer, silence])
  clearTimeout(timer)
  return alive
}
