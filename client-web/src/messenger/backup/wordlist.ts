/** 2,048 short English words, each told apart by its first four letters (BIP 39's list). */
export { wordlist as words } from '@scure/bip39/wordlists/english.js'
