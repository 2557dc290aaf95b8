/** In place of `@/messenger/sending/receipt-pace`: many tests wait for the second receipt to a contact. */
export const RECEIPTS_APART = 500
