/** Stands where libsignal keeps a fallback for browsers without WebCrypto; none of ours lacks it. */
export default undefined
