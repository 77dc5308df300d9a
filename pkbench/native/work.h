/* A block at work on a slice: where its numbers lie. */
#ifndef PKBENCH_WORK_H
#define PKBENCH_WORK_H

#include "bfloat.h"
#include "network.h"

#define NEAR (8 * 1024)  /* numbers between a product and what is done with it at once */
#define LINES_OF_TILES 64 /* lines, where tiles multiply: of fewer, what is between products would count */

/* A block at work on a slice. What its forward pass leaves for its backward pass, where there will be one: X, statistics, values,
 * slopes. */
typedef struct {
    const Block *block;
    const float *parameters;
    const float *turned;  /* every matrix of `parameters` transposed; for backward */
    const float *rounded; /* the matrices in bfloat16, as `turned` is then; NULL: products are of float32 */
    Layout at;
    int64_t D;         /* rows of a group between activation and result */
    int64_t fresh;     /* whether gradients of its matrices are this pass's alone: those of its first chunk are not added to others */
    const float *X;    /* input */
    float *statistics; /* of its norm */
    float *values;     /* chunks of phi(...), the second layer's operand; of one chunk where there is none: the result. NULL: no
                          backward pass, and in bfloat16 `paired` is all that the second layer reads */
    float *slopes;     /* chunks of phi'(...) in the first layer's order; NULL: there is no backward pass, or phi' is 1 */
    float *operand, *output, *wide, *across; /* of one chunk: inputs, outputs and D lines; transposed lines */
    uint16_t *entered; /* with products of bfloat16: rows of the normalised input, plain, for both passes */
    uint16_t *plain;   /* of one chunk then, lines of either form */
    uint32_t *paired;
} Work;

/* The matrices of `parameters` as products read them; see Work. */
typedef struct {
    const float *turned, *rounded;
} Matrices;

/* trains: whether there will be a backward pass. */
static Work work_of(const Block *block, int64_t rounds, const float *parameters, Matrices matrices, int64_t width, int64_t trains,
                    Arena *kept, Arena *scratch) {
    Work work = {.block = block, .parameters = parameters, .at = layout_of(block, width)};
    const int64_t step = work.at.step, chunks = (block->groups + work.at.groups - 1) / work.at.groups;
    const int64_t narrow = block->hidden == 0 || block->inputs > block->outputs ? block->inputs : block->outputs;
    const int64_t D = work.D = block->hidden ? block->hidden : block->outputs;
    work.turned = matrices.turned;
    work.rounded = rounds ? matrices.rounded : 0;
    work.statistics = take(kept, block->norm.scale < 0 ? 0 : 2 * block->tokens * width);
    const int64_t numbers = chunks * D * step, kept_numbers = rounds ? numbers / 2 : numbers;
    if (!block->hidden)
        work.values = take(scratch, D * step);
    else if (trains || !rounds || block->middle)
        work.values = take(kept, kept_numbers);
    if (trains && block->activation != LINEAR) work.slopes = take(kept, kept_numbers);
    work.operand = take(scratch, block->inputs * step);
    work.output = take(scratch, block->outputs * step);
    work.wide = take(scratch, D * step);
    work.across = take(scratch, step * (round_up(narrow, TILE) + TILE));
    if (!rounds) return work;
    work.entered = (uint16_t *)take(kept, block->groups * block->inputs * width / 2);
    const int64_t most = D > block->outputs ? D : block->outputs;
    work.plain = (uint16_t *)take(scratch, most * step / 2);
    work.paired = (uint32_t *)take(scratch, line_words(most) * step);
    return work;
}

/* A matrix (rows x columns) at `place` of all parameters, and where products' forms of it begin. */
typedef struct {
    int64_t place, ready, rows, columns;
} Dense;

/* Of its transpose this thread's lines: numbers of one column, where columns are a power of two, would share
 * few places of a cache. */
static void turn_matrix(Dense matrix, const float *parameters, float *turned, int64_t thread, int64_t threads) {
    const int64_t begin = share(matrix.columns, thread, threads), end = share(matrix.columns, thread + 1, threads);
    transpose(parameters + matrix.place + begin, matrix.rows, end - begin, matrix.columns,
              turned + matrix.ready + begin * matrix.rows, matrix.rows, matrix.rows);
}

/* The same in bfloat16, transposed and as it is. */
static void round_both(Dense matrix, const float *parameters, float *turned, float *rounded, int64_t thread, int64_t threads) {
    const float *from = parameters + matrix.place;
    int64_t begin = share(matrix.rows, thread, threads), end = share(matrix.rows, thread + 1, threads);
    round_matrix(from + begin * matrix.columns, end - begin, matrix.columns, matrix.columns,
                 (uint16_t *)(rounded + matrix.ready) + 2 * begin * line_words(matrix.columns));
    begin = share(matrix.columns, thread, threads), end = share(matrix.columns, thread + 1, threads);
    round_transposed(from + begin, end - begin, matrix.rows, matrix.columns,
                     (uint16_t *)(turned + matrix.ready) + 2 * begin * line_words(matrix.rows));
}

/* This thread's share of what is made of the block's matrices before a step: see Work. */
static void prepare(const Block *block, int64_t rounds, const float *parameters, Matrices to, int64_t thread, int64_t threads) {
    const int64_t D = block->hidden ? block->hidden : block->outputs;
    const Dense layer[2] = {{block->first.weight, block->first.ready, D, block->inputs},
                            {block->second.weight, block->second.ready, block->outputs, D}};
    for (int64_t l = 0; l < (block->hidden ? 2 : 1); l++)
        if (rounds)
            round_both(layer[l], parameters, (float *)to.turned, (float *)to.rounded, thread, threads);
        else
            turn_matrix(layer[l], parameters, (float *)to.turned, thread, threads);
}

static int64_t groups_at(const Work *work, int64_t j) {
    const int64_t left = work->block->groups - j;
    return left < work->at.groups ? left : work->at.groups;
}

/* Lines of a product to make at a time, an even number, so that what is done with them at once finds them in a near cache. */
static int64_t lines_at_a_time(const Work *work) {
    const int64_t lines = NEAR / work->at.step / TILE_ROWS * TILE_ROWS;
    return HAS_TILES && work->rounded ? LINES_OF_TILES : lines < TILE_ROWS ? TILE_ROWS : lines;
}

static float *chunk(const Work *work, float *base, int64_t j) {
    return base + j / work->at.groups * work->D * work->at.step;
}

static float *values_at(const Work *work, int64_t j) {
    return work->block->hidden ? chunk(work, work->values, j) : work->values;
}

#endif
