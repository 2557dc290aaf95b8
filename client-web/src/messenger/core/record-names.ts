/** Names of records of the table `records` that more than one room works with. */

/** A device that this one lets in. */
export const LINKED = 'history_linked'
/** What the old device named of that; see `historyNamed`. */
export const NAMED = 'history_named'
/** Of the history that this device was linked with: what is still to come. */
export const WANTED = 'history_wanted'
