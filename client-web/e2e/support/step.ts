import type { Page } from '@playwright/test'

export type Step = (page: Page) => Promise<void>

/** Shown only after a while, lest it flash. */
export const slowToShow =
  (text: string): Step =>
  async (page) =>
    page.getByText(text).first().waitFor()
