/** The link that opens this app at whoever follows it, with one's code filled in. */
export const inviteLink = (origin: string, code: string): string => `${origin}/#/add/${code}`
