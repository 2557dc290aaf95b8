import type { Page, Route } from '@playwright/test'

type Json = Record<string, unknown>

/** The page is to others as one of a build without KEM prekeys: it publishes none, and sees none. */
export async function withoutKem(page: Page): Promise<void> {
  await page.route('**/v1/keys', async (route) => {
    if (route.request().method() === 'GET') {
      return answered(route, (keys) => {
        const { kem_prekey_id: _, kem_available: __, ...rest } = keys
        return rest
      })
    }
    const { kem_prekey: _, kem_prekeys: __, ...rest } = route.request().postDataJSON() as Json
    await route.continue({ postData: JSON.stringify(rest) })
  })
  await page.route('**/v1/bundles/**', (route) =>
    answered(route, (bundle) => ({
      ...bundle,
      devices: (bundle['devices'] as Json[]).map((one) => ({ ...one, kem_prekey: null })),
    })),
  )
}

async function answered(route: Route, change: (body: Json) => Json): Promise<void> {
  const response = await route.fetch()
  if (!response.ok()) return route.fulfill({ response })
  await route.fulfill({ response, json: change((await response.json()) as Json) })
}
