/** Replaces libsignal's fallback for browsers without WebCrypto, which the app does not support. */
export default undefined
