/** Runs one command at a time, with the state that a form needs: running, and the last error. */
import { type Ref, readonly, ref, shallowRef } from 'vue'
import { MessengerError, type ErrorCode } from '@/messenger/contract'
import { useErrorText } from './errors'

export interface Action {
  readonly busy: Readonly<Ref<boolean>>
  /** A sentence for the person; null without an error. */
  readonly error: Readonly<Ref<string | null>>
  readonly code: Readonly<Ref<ErrorCode | null>>
  readonly field: Readonly<Ref<string | null>>
  /** Resolves to true on success. While a command runs, a second call does nothing and resolves to false. */
  run(work: () => Promise<unknown>): Promise<boolean>
  reset(): void
}

export function useAction(): Action {
  const errorText = useErrorText()
  const busy = ref(false)
  const error = shallowRef<string | null>(null)
  const code = shallowRef<ErrorCode | null>(null)
  const field = shallowRef<string | null>(null)

  function reset(): void {
    error.value = null
    code.value = null
    field.value = null
  }

  async function run(work: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    reset()
    try {
      await work()
      return true
    } catch (cause) {
      const known = cause instanceof MessengerError
      code.value = known ? cause.code : 'internal'
      field.value = known ? (cause.details.field ?? null) : null
      error.value = errorText(cause)
      // Any other error is a bug: it must reach the console and the tests.
      if (!known) reportError(cause)
      return false
    } finally {
      busy.value = false
    }
  }

  return {
    busy: readonly(busy),
    error: readonly(error),
    code: readonly(code),
    field: readonly(field),
    run,
    reset,
  }
}
