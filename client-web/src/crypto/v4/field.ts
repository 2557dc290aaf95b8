/**
 * The field GF(2^16) with the reduction polynomial x^16 + x^12 + x^3 + x + 1, for the erasure code. Addition is
 * xor. All values are public, so timing reveals nothing. Source: Signal, "The Sparse Post Quantum Ratchet",
 * erasure code.
 */
const POLYNOMIAL = 0x1100b

export function multiply(a: number, b: number): number {
  let [product, shifted] = [0, a]
  for (let rest = b; rest > 0; rest >>= 1) {
    if (rest & 1) product ^= shifted
    shifted <<= 1
    if (shifted & 0x10000) shifted ^= POLYNOMIAL
  }
  return product
}

/** The inverse of a value other than 0: a^(2^16 - 2). */
export function invert(a: number): number {
  let [result, power] = [1, a]
  for (let bit = 1; bit < 16; bit++) {
    power = multiply(power, power)
    result = multiply(result, power)
  }
  return result
}
