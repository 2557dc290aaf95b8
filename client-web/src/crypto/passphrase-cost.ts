/** Rounds of PBKDF2 with SHA-256 for a passphrase, of the lock and of a backup (OWASP, 2023). */
export const PASSPHRASE_ITERATIONS = 600_000
