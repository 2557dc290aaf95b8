/** Milliseconds between two receipts to one contact; tests in the browser wait less. */
export const RECEIPTS_APART = 5_000
