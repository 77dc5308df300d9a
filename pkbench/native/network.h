/* What a Mixer is to these loops, and the memory that a pass over one slice of a batch works in.
 *
 * A slice is `width` images (a multiple of LANES; images that a batch lacks are zeros whose gradients are zero). Features are
 * stored with the images of the slice innermost: entry (s, c) of X (S x C) is row s * C + c, a line of `width` numbers. So a
 * permutation of features copies rows, token and channel mixing are the same product, and every loop is over images.
 */
#ifndef PKBENCH_NETWORK_H
#define PKBENCH_NETWORK_H

#include "vectors.h"

#define MOST_WIDTH 64 /* images of a slice */

/* A LayerNorm over the `channels` rows of each token. Offsets are into the run's parameters; scale -1: there is no norm. */
typedef struct {
    int64_t channels, scale, shift;
} Norm;

/* A matrix: its offset in the parameters, where its gradient is summed (lines padded to a multiple of TILE, and transposed
 * for second layers), the offset of its bias, -1 without one, and where it lies among matrices as products read them. */
typedef struct {
    int64_t weight, gradient, bias, ready;
} Matrix;

/* One or two PK layers (Def. 5.1) behind a norm. An operand's row j * n + i is entry i of group j. */
typedef struct {
    int64_t groups, inputs, hidden, outputs; /* hidden 0: one layer, activation after it */
    int64_t tokens;                          /* of the block's input */
    int64_t activation;
    int64_t anywhere;                        /* whether `enter` and `leave` have no order */
    Norm norm;
    Matrix first, second;
    const int32_t *enter;  /* (groups * inputs) row of X that an operand row reads */
    int32_t *middle;       /* (groups * hidden) where a hidden row is to be in the second layer's operand: its row there or, after
                              pk_place, where that begins, in LANES numbers; NULL: where it is */
    const int32_t *leave;  /* (groups * outputs) row of the output that a result row becomes */
} Block;

typedef struct {
    int64_t S, C, classes;
    int64_t blocks, adds; /* mixing blocks, and whether they add to their input */
    int64_t has_path;     /* whether the first block's skip path is LN(W X), S.14-S.15 */
    int64_t rounds;       /* whether products of blocks are of bfloat16; the classifier's is of float32 */
    int64_t parameters, gradients; /* how many numbers; gradients: padded matrices behind the parameters' own places */
    int64_t matrices;              /* numbers that all have room for in one form that products read */
    Block embed, path;
    Norm path_norm, norm;
    Matrix head;
    const Block *block;
} Network;

/* How the columns of a product lie: chunks of `groups` groups, `step` numbers from line to line. */
typedef struct {
    int64_t width, groups, step;
} Layout;

#define LARGE (1024 * 1024) /* numbers that no second cache holds */
/* Numbers that shall stay in the second cache, and columns of a chunk at least where matrices are LARGE. Processors with a matrix unit have
 * larger second caches, and wait longer for what is not there: at 16 x 986 in fp32 a step takes 0.94 of its time, at 64 x 467 in bf16
 * 0.92, with 256 columns in place of 512. */
#if HAS_TILES
#define CHUNK (96 * 1024)
#define LARGE_COLUMNS 256
#else
#define CHUNK (48 * 1024)
#define LARGE_COLUMNS 512
#endif

/* As many groups as keep a chunk's lines in the second cache, and more where the matrices do not fit there: they are read, and their
 * gradients read and written, once a chunk. Depends on sizes alone: a run's sums are always made in the same order. */
static inline Layout layout_of(const Block *block, int64_t width) {
    const int64_t weights = (block->hidden ? block->hidden : 1) * (block->inputs + block->outputs);
    int64_t columns = CHUNK / (block->inputs + block->hidden + block->outputs);
    const int64_t least = weights > LARGE ? LARGE_COLUMNS : weights > CHUNK ? 256 : 0;
    if (columns < least) columns = least;
    int64_t groups = columns / width;
    groups = groups < 1 ? 1 : groups > 16 ? 16 : groups;
    groups = groups < block->groups ? groups : block->groups;
    /* Another TILE beyond the columns: lines whose distance is a power of two would share few places of a cache. */
    return (Layout){width, groups, groups * width + TILE};
}

/* Where row `row` of an operand with `n` rows a group begins. */
static inline int64_t place(int64_t row, int64_t n, Layout at) {
    const uint32_t group = (uint32_t)row / (uint32_t)n, i = (uint32_t)row % (uint32_t)n;
    const uint32_t chunk = group / (uint32_t)at.groups, g = group % (uint32_t)at.groups;
    return (int64_t)chunk * n * at.step + i * at.step + g * at.width;
}

/* Memory handed out piece by piece; over no base it only counts. */
typedef struct {
    float *base;
    int64_t used;
} Arena;

static inline float *take(Arena *arena, int64_t count) {
    float *piece = arena->base ? arena->base + arena->used : 0;
    arena->used += round_up(count, 64);
    return piece;
}

#endif
