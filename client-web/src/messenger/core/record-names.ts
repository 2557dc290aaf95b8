/** Names of records of the table `records` that more than one room works with. */

/** Followed by the name of a sealed file of history that the relay does not have in full. */
export const OWED = 'history_owed/'
/** A device that this one lets in. */
export const LINKED = 'history_linked'
/** What the old device named of that; see `historyNamed`. */
export const NAMED = 'history_named'
/** Of the history that this device was linked with: what is still to come. The names of its sealed files begin with this. */
export const WANTED = 'history_wanted'
