/** A browser's texts are the catalogue's own; a phone has others in some places. */
export const deviceTexts = <T>(_language: string, catalogue: T): T => catalogue
