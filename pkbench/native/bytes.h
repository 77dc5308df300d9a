/* Bytes looked up sixty-four at a time, where the processor can. */
#ifndef PKBENCH_BYTES_H
#define PKBENCH_BYTES_H

#include <stdint.h>

#if defined(__AVX512VBMI__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512DQ__)
#define PKBENCH_BYTES 1
#include <immintrin.h>

/* Bits below n, of 64. */
static inline __mmask64 below(int64_t n) { return n <= 0 ? 0 : n >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << n) - 1; }

/* What a table of 256 bytes, in four vectors, has for each of 64: in 128 at once. */
static inline __attribute__((always_inline)) __m512i bytes_of(const __m512i *table, __m512i places) {
    const __m512i dark = _mm512_permutex2var_epi8(table[0], places, table[1]);
    const __m512i light = _mm512_permutex2var_epi8(table[2], places, table[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(places), dark, light);
}
#endif

#endif
