/* Vectors of the machine's widest kind, written in the compiler's own extension so that one source serves every processor. */
#ifndef PKBENCH_VECTORS_H
#define PKBENCH_VECTORS_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define LANES 16
#define TILE_ROWS 12 /* 24 accumulators of 32 registers */
#elif defined(__AVX__)
#define LANES 8
#define TILE_ROWS 6 /* 12 accumulators of 16 registers */
#else
#define LANES 4
#define TILE_ROWS 6
#endif
#define TILE (2 * LANES) /* columns of a tile */

#if defined(__AVX512F__) && defined(__AMX_TILE__) && defined(__AMX_BF16__) && !defined(NO_TILES)
#define HAS_TILES 1 /* products of bfloat16 by tiles.h */
#else
#define HAS_TILES 0
#endif

typedef float Vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t Words __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static inline Vector load(const float *from) { return *(const Vector *)from; }
static inline void store(float *to, Vector value) { *(Vector *)to = value; }

static inline float sum_of(Vector value) {
#if LANES == 16
    return _mm512_reduce_add_ps((__m512)value);
#else
    for (int half = LANES / 2; half; half /= 2)
        for (int i = 0; i < half; i++) value[i] += value[i + half];
    return value[0];
#endif
}

static inline int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

#endif
