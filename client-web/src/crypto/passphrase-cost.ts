/** Rounds of PBKDF2 with SHA-256 for passphrases of the lock and of backups (OWASP, 2023). */
export const PASSPHRASE_ITERATIONS = 600_000
