/* Mixing blocks, X -> X + PK layers of LN(X), forward and backward over one slice (Def. 5.1, eq. 1-2, S.7-S.8). */
#ifndef PKBENCH_BLOCK_H
#define PKBENCH_BLOCK_H

#include "activations.h"
#include "gemm.h"
#include "gradients.h"
#include "norms.h"
#include "rows.h"

#define NEAR (8 * 1024) /* numbers between a product and what is done with it at once */

/* A block at work on a slice. What its forward pass leaves for its backward pass, where there will be one: X, statistics, values,
 * slopes. */
typedef struct {
    const Block *block;
    const float *parameters;
    const float *turned;  /* every matrix of `parameters` transposed, in its own place; for backward */
    const float *rounded; /* the matrices in bfloat16, in their own places, as `turned` is then; NULL: products are of float32 */
    Layout at;
    int64_t D;         /* rows of a group between activation and result */
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
    work.paired = (uint32_t *)take(scratch, pairs(most) * step);
    return work;
}

/* A matrix (rows x columns) at `place` of all parameters. */
typedef struct {
    int64_t place, rows, columns;
} Dense;

/* Of its transpose this thread's lines, in the same place of `turned`: numbers of one column, where columns are a power of two, would share
 * few places of a cache. */
static void turn_matrix(Dense matrix, const float *parameters, float *turned, int64_t thread, int64_t threads) {
    const int64_t begin = share(matrix.columns, thread, threads), end = share(matrix.columns, thread + 1, threads);
    transpose(parameters + matrix.place + begin, matrix.rows, end - begin, matrix.columns,
              turned + matrix.place + begin * matrix.rows, matrix.rows, matrix.rows);
}

/* The same in bfloat16, transposed and as it is; a place has room for a matrix of half the size. */
static void round_both(Dense matrix, const float *parameters, float *turned, float *rounded, int64_t thread, int64_t threads) {
    const float *from = parameters + matrix.place;
    int64_t begin = share(matrix.rows, thread, threads), end = share(matrix.rows, thread + 1, threads);
    round_matrix(from + begin * matrix.columns, end - begin, matrix.columns, matrix.columns,
                 (uint16_t *)(rounded + matrix.place) + 2 * begin * pairs(matrix.columns));
    begin = share(matrix.columns, thread, threads), end = share(matrix.columns, thread + 1, threads);
    round_transposed(from + begin, end - begin, matrix.rows, matrix.columns,
                     (uint16_t *)(turned + matrix.place) + 2 * begin * pairs(matrix.rows));
}

/* This thread's share of what is made of the block's matrices before a step: see Work. */
static void prepare(const Block *block, int64_t rounds, const float *parameters, Matrices to, int64_t thread, int64_t threads) {
    const int64_t D = block->hidden ? block->hidden : block->outputs;
    const Dense layer[2] = {{block->first.weight, D, block->inputs}, {block->second.weight, block->outputs, D}};
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
    return lines < TILE_ROWS ? TILE_ROWS : lines;
}

static float *chunk(const Work *work, float *base, int64_t j) {
    return base + j / work->at.groups * work->D * work->at.step;
}

static float *values_at(const Work *work, int64_t j) {
    return work->block->hidden ? chunk(work, work->values, j) : work->values;
}

/* Streams (ahead.h) of the chunk at group j: none beyond the last one, and none where all features of a slice are near: asking for them
 * took 1 to 2 % of a step at 16 x 32. */
#ifndef FAR /* tests, whose models are small, have another one */
#define FAR (64 * 1024) /* numbers of a block's input */
#endif

static int has_chunk(const Work *work, int64_t j) {
    return j < work->block->groups && work->block->groups * work->block->inputs * work->at.width > FAR;
}

/* The rows that its operand is read from, or that the operand's gradient goes to. */
static void will_use_inputs(const Work *work, int64_t j, const void *rows, int64_t bytes, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t row = work->at.width * bytes;
    if (has_chunk(work, j))
        will_use(ahead, (Stream){rows, block->enter + j * block->inputs, row, row, groups_at(work, j) * block->inputs});
}

static void will_read_operand(const Work *work, int64_t j, Ahead *ahead) {
    will_use_inputs(work, j, work->rounded ? (const void *)work->entered : work->X, work->rounded ? 2 : 4, ahead);
}

/* The rows of X that its result goes to, or comes from. */
static void will_use_results(const Work *work, int64_t j, const float *X, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t row = work->at.width * 4;
    if (has_chunk(work, j))
        will_use(ahead, (Stream){(const char *)X, block->leave + j * block->outputs, row, row, groups_at(work, j) * block->outputs});
}

/* Its lines of values or slopes. */
static void will_read_kept(const Work *work, int64_t j, const void *kept, Ahead *ahead) {
    const int64_t bytes = work->rounded ? 2 : 4, line = work->at.step * bytes;
    if (has_chunk(work, j) && kept)
        will_use(ahead, (Stream){(const char *)kept + j / work->at.groups * work->D * line, 0, line,
                                 groups_at(work, j) * work->at.width * bytes, work->D});
}

/* Its rows of values, from the places where they are. */
static void will_read_moved(const Work *work, int64_t j, Ahead *ahead) {
    const int64_t bytes = work->rounded ? 2 : 4;
    if (has_chunk(work, j))
        will_use(ahead, (Stream){(const char *)work->values, work->block->middle + j * work->D, LANES * bytes, work->at.width * bytes,
                             groups_at(work, j) * work->D});
}

/* While the chunk at group j goes forward. */
static Ahead ahead_of_result(const Work *work, int64_t j, int64_t adds, const float *X_out) {
    Ahead ahead = {.streams = 0};
    if (work->block->middle) will_read_kept(work, j + work->at.groups, work->values, &ahead);
    will_use_results(work, j, X_out, &ahead);
    if (adds) will_use_results(work, j, work->X, &ahead);
    return ahead;
}

/* While it goes backward through the second layer: what the first needs, or the next chunk. */
static Ahead ahead_of_second_backward(const Work *work, int64_t j, const float *dX_out) {
    const int64_t next = j + work->at.groups;
    Ahead ahead = {.streams = 0};
    if (!work->block->middle) {
        will_read_operand(work, j, &ahead);
        will_read_kept(work, j, work->slopes, &ahead);
    } else if (next < work->block->groups) {
        will_use_results(work, next, dX_out, &ahead);
        will_read_kept(work, next, work->values, &ahead);
    } else {
        will_read_kept(work, 0, work->slopes, &ahead);
        will_read_moved(work, 0, &ahead);
    }
    return ahead;
}

/* While it goes backward through the first layer: its own inputs' gradient, where rows come in no order that the processor would guess,
 * and the next chunk. */
static Ahead ahead_of_first_backward(const Work *work, int64_t j, const float *dX_out, const float *dN) {
    const Block *block = work->block;
    const int64_t next = j + work->at.groups;
    Ahead ahead = {.streams = 0};
    if (block->middle || !block->hidden) {
        will_read_operand(work, next, &ahead);
        will_read_kept(work, next, work->slopes, &ahead);
    }
    if (block->hidden && !block->middle) will_read_kept(work, next, work->values, &ahead);
    if (!block->middle) will_use_results(work, next, dX_out, &ahead);
    if (block->middle) will_read_moved(work, next, &ahead);
    if (block->anywhere) will_use_inputs(work, j, dN, 4, &ahead);
    return ahead;
}

#define AHEAD 8 /* rows between asking for one, into the first cache, and its turn: they lie anywhere */

static inline void ask_for_row(const void *row, int64_t bytes) {
    for (int64_t byte = 0; byte < bytes; byte += LINE) __builtin_prefetch((const char *)row + byte);
}

/* Where row d of a group lies in the second layer's operand, of `bytes` a number; that of the row AHEAD of it is asked for. */
static inline void *moved(const Work *work, int64_t group, int64_t d, int64_t bytes) {
    const int32_t *places = work->block->middle + group * work->D;
    char *values = (char *)work->values;
    if (d + AHEAD < work->D) ask_for_row(values + (int64_t)places[d + AHEAD] * LANES * bytes, work->at.width * bytes);
    return values + (int64_t)places[d] * LANES * bytes;
}

static void gather_operand(const Work *work, int64_t j) {
    const Block *block = work->block;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < block->inputs; i++)
            normalized(&block->norm, work->parameters, work->statistics, block->enter[(j + g) * block->inputs + i],
                       work->at.width, work->X, work->operand + i * work->at.step + g * work->at.width);
}

/* values, slopes <- phi, phi' of W1 operand + b1 for the chunk at group j. */
static void first_layer(const Work *work, int64_t j, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, D = work->D, columns = groups_at(work, j) * width;
    const float *W = work->parameters + block->first.weight;
    const float *bias = block->first.bias < 0 ? 0 : work->parameters + block->first.bias;
    float *values = block->middle ? work->wide : values_at(work, j);
    float *slopes = work->slopes ? chunk(work, work->slopes, j) : 0;
    gather_operand(work, j);
    for (int64_t d = 0, most = lines_at_a_time(work); d < D; d += most) {
        const int64_t lines = D - d < most ? D - d : most;
        gemm(lines, columns, block->inputs, W + d * block->inputs, block->inputs, 1, work->operand, step,
             values + d * step, step, 0, ahead);
        for (int64_t i = d; i < d + lines; i++) {
            activate(0, (int)block->activation, columns, bias ? bias[i] : 0.0f, values + i * step, slopes ? slopes + i * step : 0);
            for (int64_t g = 0; block->middle && g < groups_at(work, j); g++)
                memcpy(moved(work, j + g, i, sizeof *values), values + i * step + g * width, (size_t)width * sizeof *values);
        }
    }
}

/* X_out <- (adds: X +) lines (+ b2 where there are two layers), the result of the chunk at group j. */
static void add_result(const Work *work, int64_t j, int64_t adds, const float *lines, float *X_out) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width;
    const float *bias = block->hidden && block->second.bias >= 0 ? work->parameters + block->second.bias : 0;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t o = 0; o < block->outputs; o++) {
            const int64_t row = block->leave[(j + g) * block->outputs + o] * width;
            add_shifted(adds ? work->X + row : 0, lines + o * step + g * width, bias ? bias[o] : 0.0f, width,
                        X_out + row);
        }
}

/* X_out <- (adds: X +) the result, W2 values + b2 or the values themselves, for the chunk at group j. */
static void result(const Work *work, int64_t j, int64_t adds, float *X_out, Ahead *ahead) {
    const Block *block = work->block;
    const int64_t step = work->at.step;
    if (block->hidden)
        gemm(block->outputs, groups_at(work, j) * work->at.width, work->D, work->parameters + block->second.weight, work->D, 1,
             values_at(work, j), step, work->output, step, 0, ahead);
    add_result(work, j, adds, block->hidden ? work->output : work->values, X_out);
}

/* X_out <- (adds: X +) the block of X. */
static void block_forward(const Work *work, int64_t adds, float *X_out) {
    const Block *block = work->block;
    if (block->norm.scale >= 0) measure(&block->norm, block->tokens, work->at.width, work->X, work->statistics);
    /* Where rows change places between the layers, the second waits for all of the first. */
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) first_layer(work, j, 0);
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        Ahead ahead = ahead_of_result(work, j, adds, X_out);
        if (!block->middle) first_layer(work, j, &ahead);
        result(work, j, adds, X_out, &ahead);
    }
}

/* gradient (D lines) += the product of D lines, `left`, and the transpose of n, `right`, all of a chunk's columns. Of bfloat16 both are
 * plain: two columns side by side are a word, so that lines of words turned are paired lines. */
static void add_matrix(const Work *work, int64_t columns, const void *left, const void *right, int64_t n, float *gradient,
                       Ahead *ahead) {
    const int64_t line = round_up(n, TILE), numbers = work->rounded ? 2 : 1, words = columns / numbers, step = work->at.step / numbers;
    transpose(right, n, words, step, work->across, line + TILE, round_up(n, LANES));
    if (work->rounded)
        gemm_of_pairs(work->D, n, words, left, step, work->across, line + TILE, gradient, line, 1, ahead);
    else
        gemm(work->D, n, words, left, step, 1, work->across, line + TILE, gradient, line, 1, ahead);
}

/* From the gradient of the chunk's result (work->output) to that of the second layer's operand, which takes the place of values. */
static void second_backward(const Work *work, int64_t j, const float *dX_out, float *gradients) {
    const Block *block = work->block;
    Ahead ahead = ahead_of_second_backward(work, j, dX_out);
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    float *values = chunk(work, work->values, j);
    if (block->second.bias >= 0) add_line_sums(work->output, block->outputs, columns, step, gradients + block->second.bias);
    add_matrix(work, columns, values, work->output, block->outputs, gradients + block->second.gradient, &ahead);
    gemm(D, columns, block->outputs, work->turned + block->second.weight, block->outputs, 1, work->output, step, values,
         step, 0, &ahead);
}

/* From the gradient after the activation (lines) to that before it, and the gradient of the bias. */
static void activation_backward(const Work *work, int64_t j, float *lines, float *gradients) {
    const Block *block = work->block;
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width;
    float *sums = block->first.bias < 0 ? 0 : gradients + block->first.bias;
    if (block->activation != LINEAR)
        multiply_lines(chunk(work, work->slopes, j), work->D, columns, step, lines, sums);
    else if (sums)
        add_line_sums(lines, work->D, columns, step, sums);
}

/* dN <- the rows of the chunk at group j that its operand was read from: the operand's place holds their gradient. */
static void scatter_operand(const Work *work, int64_t j, float *dN) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width;
    for (int64_t g = 0; g < groups_at(work, j); g++)
        for (int64_t i = 0; i < block->inputs; i++)
            memcpy(dN + block->enter[(j + g) * block->inputs + i] * width, work->operand + i * step + g * width,
                   (size_t)width * sizeof *dN);
}

/* From the gradient before the activation (lines) to that of the normalised input, row by row into dN; NULL: not wanted. */
static void first_backward(const Work *work, int64_t j, const float *lines, const float *dX_out, float *gradients, float *dN) {
    const Block *block = work->block;
    Ahead ahead = ahead_of_first_backward(work, j, dX_out, dN);
    const int64_t step = work->at.step, columns = groups_at(work, j) * work->at.width, D = work->D;
    gather_operand(work, j);
    add_matrix(work, columns, lines, work->operand, block->inputs, gradients + block->first.gradient, &ahead);
    if (!dN) return;
    gemm(block->inputs, columns, D, work->turned + block->first.weight, D, 1, lines, step, work->operand, step, 0, &ahead);
    scatter_operand(work, j, dN);
}

/* work->output <- the gradient of the chunk's result; where an activation is the block's last part, of what is before it. */
static void result_backward(const Work *work, int64_t j, const float *dX_out, float *gradients) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, n = block->outputs, groups = groups_at(work, j);
    const int32_t *rows = block->leave + j * n;
    if (block->hidden || block->activation == LINEAR) {
        gather(rows, n, groups, width, dX_out, work->output, step);
        if (!block->hidden) activation_backward(work, j, work->output, gradients);
    } else {
        gather_times(rows, n, groups, width, dX_out, chunk(work, work->slopes, j), work->output, step,
                     block->first.bias < 0 ? 0 : gradients + block->first.bias);
    }
}

/* Add the gradients of the block's parameters; dN <- the gradient of its normalised input, where wanted. */
static void block_backward(const Work *work, const float *dX_out, float *gradients, float *dN) {
    const Block *block = work->block;
    const int64_t step = work->at.step, width = work->at.width, D = work->D;
    for (int64_t j = 0; j < block->groups; j += work->at.groups) {
        float *lines = block->hidden ? values_at(work, j) : work->output;
        result_backward(work, j, dX_out, gradients);
        if (block->hidden) second_backward(work, j, dX_out, gradients);
        if (block->middle) continue;
        if (block->hidden) activation_backward(work, j, lines, gradients);
        first_backward(work, j, lines, dX_out, gradients, dN);
    }
    for (int64_t j = 0; block->middle && j < block->groups; j += work->at.groups) {
        for (int64_t g = 0; g < groups_at(work, j); g++)
            for (int64_t d = 0; d < D; d++)
                memcpy(work->wide + d * step + g * width, moved(work, j + g, d, sizeof *dN), (size_t)width * sizeof *dN);
        activation_backward(work, j, work->wide, gradients);
        first_backward(work, j, work->wide, dX_out, gradients, dN);
    }
}

#endif
