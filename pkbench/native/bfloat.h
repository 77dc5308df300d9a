/* bfloat16: the upper half of a float32, rounded to nearest, ties to even.
 *
 * Operands of products come in two forms of lines. Plain: one number after another. Paired: line i holds, for each column, the numbers
 * of lines 2 i (in the lower half of a word) and 2 i + 1 (in the upper; zero where there is no such line). A product sums over
 * pairs: of its left operand they lie side by side in a plain line, of its right one in a word of a paired line. */
#ifndef PKBENCH_BFLOAT_H
#define PKBENCH_BFLOAT_H

#include "rows.h"
#include "tiles.h"
#include "vectors.h"

#if defined(__AVX512BF16__)
#define HAS_BFLOAT 1
#else
#define HAS_BFLOAT 0
#endif

typedef uint16_t Halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

static inline int64_t pairs(int64_t n) { return (n + 1) / 2; }

/* Words of a matrix's plain line of n numbers, and paired lines that it is multiplied by: what is no pair is zeros. */
static inline int64_t line_words(int64_t n) { return whole_words(pairs(n)); }

/* Those of n lines, paired, that are no pair of them. */
static inline void fill_up(uint32_t *paired, int64_t n, int64_t columns, int64_t step) {
    for (int64_t l = pairs(n); l < line_words(n); l++) memset(paired + l * step, 0, (size_t)columns * sizeof *paired);
}

static inline void store_words(uint32_t *to, Words value) { *(Words *)to = value; }

/* Each number rounded, in the lower half of its word. */
static inline Words rounded(Vector value) {
    const Words bits = (Words)value;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

#if HAS_BFLOAT
/* Both vectors' numbers rounded, those of `low` first, woven in twos. */
static inline Words woven(__m512i both) {
    const Words lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (Words)_mm512_permutexvar_epi16((__m512i)(lane | (lane + LANES) << 16), both);
}
#endif

static inline Words pair_of(Vector low, Vector high) {
#if HAS_BFLOAT
    return woven((__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
#else
    return rounded(low) | rounded(high) << 16;
#endif
}

static inline Vector low_of(Words pair) { return (Vector)(pair << 16); }
static inline Vector high_of(Words pair) { return (Vector)(pair & 0xffff0000u); }

/* sum + both products of two pairs */
static inline Vector add_products(Vector sum, Words a, Words b) {
#if HAS_BFLOAT
    return (Vector)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
    return sum + low_of(a) * low_of(b) + high_of(a) * high_of(b);
#endif
}

static inline void store_halves(uint16_t *to, Vector value) {
#if HAS_BFLOAT
    _mm256_storeu_si256((__m256i *)to, (__m256i)_mm512_cvtneps_pbh((__m512)value));
#else
    *(Halves *)to = __builtin_convertvector(rounded(value), Halves);
#endif
}

/* Of `lines` lines (1 or 2): low, high <- their numbers, paired <- both; low and high, or paired, may be NULL. */
static inline __attribute__((always_inline)) void store_both(const int lines, const Vector *number, uint16_t *low, uint16_t *high,
                                                             uint32_t *paired) {
    const Vector second = lines > 1 ? number[1] : (Vector){0};
#if HAS_BFLOAT
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)number[0]);
    if (low) _mm256_storeu_si256((__m256i *)low, _mm512_castsi512_si256(both));
    if (low && lines > 1) _mm256_storeu_si256((__m256i *)high, _mm512_extracti64x4_epi64(both, 1));
    if (paired) store_words(paired, woven(both));
#else
    if (low) store_halves(low, number[0]);
    if (low && lines > 1) store_halves(high, second);
    if (paired) store_words(paired, pair_of(number[0], second));
#endif
}

/* Each number in the lower half of a word. */
static inline Words words_of(const uint16_t *from) { return __builtin_convertvector(*(const Halves *)from, Words); }

static inline Vector load_halves(const uint16_t *from) { return (Vector)(words_of(from) << 16); }

/* A plain line. */
static inline void round_line(const float *restrict from, int64_t n, uint16_t *restrict to) {
    for (int64_t b = 0; b < n; b += LANES) store_halves(to + b, load(from + b));
}

/* A paired line of two; high NULL: of one and zeros. */
static inline void pair_lines(const float *restrict low, const float *restrict high, int64_t n, uint32_t *restrict to) {
    for (int64_t b = 0; b < n; b += LANES) store_words(to + b, pair_of(load(low + b), high ? load(high + b) : (Vector){0}));
}

/* A paired line of two plain ones; high NULL: of one and zeros. */
static inline void pair_halves(const uint16_t *restrict low, const uint16_t *restrict high, int64_t n, uint32_t *restrict to) {
    for (int64_t b = 0; b < n; b += LANES) store_words(to + b, words_of(low + b) | (high ? words_of(high + b) << 16 : (Words){0}));
}

static inline uint32_t word_at(const float *from) {
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

static inline uint32_t rounded_bits(float number) {
    const uint32_t bits = word_at(&number);
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* to (rows plain lines of line_words(columns)) <- a matrix whose lines are `step` numbers apart. */
static void round_matrix(const float *from, int64_t rows, int64_t columns, int64_t step, uint16_t *to) {
    const int64_t in_vectors = columns / LANES * LANES, words = line_words(columns);
    for (int64_t i = 0; i < rows; i++) {
        uint16_t *line = to + 2 * i * words;
        round_line(from + i * step, in_vectors, line);
        for (int64_t k = in_vectors; k < columns; k++) line[k] = (uint16_t)rounded_bits(from[i * step + k]);
        for (int64_t k = columns; k < 2 * words; k++) line[k] = 0;
    }
}

/* The same of the transpose, whose line i is column i of a matrix: pairs of its lines, turned a few columns at a time, so that both are
 * near. */
static void round_transposed(const float *from, int64_t rows, int64_t columns, int64_t step, uint16_t *to) {
    const int64_t line = line_words(columns);
    uint32_t words[8 * TILE];
    for (int64_t first = 0; first < rows; first += TILE)
        for (int64_t k = 0; k < columns; k += 16) {
            const int64_t wide = rows - first < TILE ? rows - first : TILE, in_vectors = wide / LANES * LANES;
            const int64_t lines = columns - k < 16 ? pairs(columns - k) : 8;
            for (int64_t l = 0; l < lines; l++) {
                const float *low = from + (k + 2 * l) * step + first, *high = k + 2 * l + 1 < columns ? low + step : 0;
                pair_lines(low, high, in_vectors, words + l * TILE);
                for (int64_t i = in_vectors; i < wide; i++)
                    words[l * TILE + i] = rounded_bits(low[i]) | (high ? rounded_bits(high[i]) << 16 : 0);
            }
            transpose((const float *)words, lines, wide, TILE, (float *)to + first * line + k / 2, line,
                      k + 16 < columns ? lines : line - k / 2);
        }
}

#endif
