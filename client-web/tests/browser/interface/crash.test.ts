import { afterEach, describe, expect, it, vi } from 'vitest'
import { type App, type Component, createApp, h, nextTick, ref } from 'vue'
import { useToasts } from '@/composables/toasts'
import { watchCrashes } from '@/crash'
import UnsupportedScreen from '@/views/UnsupportedScreen.vue'
import { mount, unmountAll } from '../../support/mounted'

const reported: unknown[] = []
const collect = (event: ErrorEvent): void => {
  event.preventDefault()
  reported.push(event.error)
}
let app: App | null = null

/** Mounts a component under the watch; resolves what was drawn instead, once the page had time to. */
async function watched(component: Component): Promise<{ drawn: unknown[]; root: HTMLElement }> {
  window.addEventListener('error', collect)
  const drawn: unknown[] = []
  const root = document.body.appendChild(document.createElement('div'))
  app = createApp(component)
  watchCrashes(app, (error) => drawn.push(error))
  app.mount(root)
  return { drawn, root }
}
const moment = (): Promise<void> => new Promise((done) => setTimeout(done, 20))

afterEach(() => {
  window.removeEventListener('error', collect)
  reported.length = 0
  app = null
  document.body.replaceChildren()
})

describe('a fault', () => {
  it('while setting up or drawing is drawn over once, and reported', async () => {
    for (const component of [
      { setup: () => fail('setup') },
      { render: () => fail('render') },
      { render: () => [h({ render: () => fail('one') }), h({ render: () => fail('two') })] },
    ]) {
      const { drawn, root } = await watched(component)
      await moment()
      expect(drawn).toHaveLength(1)
      expect(reported).toContain(drawn[0])
      expect(root.textContent).toBe('')
      reported.length = 0
    }
  })

  it('in a later drawing is drawn over too', async () => {
    const broken = ref(false)
    const { drawn, root } = await watched({ render: () => (broken.value ? fail('later') : 'fine') })
    expect(root.textContent).toBe('fine')
    broken.value = true
    await nextTick()
    await moment()
    expect(drawn).toEqual([new Error('later')])
    expect(root.textContent).toBe('')
  })

  it('in a handler is reported and told, and the page stays', async () => {
    const { drawn, root } = await watched({
      render: () => h('button', { onClick: () => fail('click') }, 'press'),
    })
    root.querySelector('button')?.click()
    await moment()
    expect(reported).toEqual([new Error('click')])
    expect(useToasts().current.value?.text).toContain('Something went wrong')
    expect(drawn).toEqual([])
    expect(root.textContent).toBe('press')
  })
})

it('the product’s build names event handlers by number, and the page stays there too', () => {
  const crashedAt = (place: string): boolean => {
    vi.useFakeTimers()
    const drawn: unknown[] = []
    app = createApp({ render: () => 'fine' })
    watchCrashes(app, (error) => drawn.push(error))
    app.config.errorHandler?.(new Error('at a place'), null, place)
    vi.runAllTimers()
    vi.useRealTimers()
    return drawn.length > 0
  }
  window.addEventListener('error', collect)
  const numbered = (code: number | string): string =>
    `https://vuejs.org/error-reference/#runtime-${code}`
  expect([0, 1, 13, 15, 'm'].map((code) => crashedAt(numbered(code)))).not.toContain(false)
  expect([5, 6].map((code) => crashedAt(numbered(code)))).not.toContain(true)
})

function fail(what: string): never {
  throw new Error(what)
}

it('a browser or an address that will not do is told in one sentence, with what to do', () => {
  for (const [missing, sentence] of [
    ['secure_context', 'https://'],
    ['storage', 'site data'],
    ['browser', 'update it'],
  ] as const) {
    const { root } = mount(UnsupportedScreen, { missing })
    expect(root.querySelector('h1')?.textContent).toContain('Sealstream cannot run here')
    expect(root.querySelector('[role="alert"]')?.textContent).toContain(sentence)
    unmountAll()
  }
})
