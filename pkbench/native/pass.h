/* A pass over one slice of a batch: forward through all blocks to the logits, and back. */
#ifndef PKBENCH_PASS_H
#define PKBENCH_PASS_H

#include "head.h"
#include "images.h"
#include "rounded_block.h"

#include <time.h>

/* All that a pass over one slice works in. */
typedef struct {
    Work embed, path, *block;
    Head head;
    float *path_statistics; /* of W X on the first skip path */
    float *dX, *dN, *dZ;
    float *images;      /* of the slice, lines of `width` */
    uint8_t *room;      /* where images are made; see images.h */
    double seconds;     /* that took so far */
} Pass;

/* Images as they come: inputs (images, pixels), or what they are to be made of. */
typedef struct {
    const float *inputs;
    const Pictures *pictures; /* NULL: there are inputs */
    int64_t begin;            /* of the batch among the pictures */
    int64_t images, pixels;
} Batch;

static int64_t most_rows(const Network *net) {
    const int64_t first = net->embed.groups * net->embed.outputs, later = net->S * net->C;
    return first > later ? first : later;
}

/* Lay out the memory of a pass; `scratch` is used by one block after another, `kept` by all or, where no backward pass follows
 * (trains 0), by one after another, too. Over no bases it only counts. */
static void lay_out(const Network *net, const float *parameters, const float *matrices, int64_t width, int64_t pixels,
                    int64_t trains, Arena *scratch, Arena *kept, Pass *pass) {
    const Matrices prepared = {matrices, matrices ? matrices + net->matrices : 0};
    const int64_t rows = most_rows(net) * width;
    float *turns[2] = {0}; /* inputs of blocks, by turns */
    for (int64_t i = 0; !trains && i < 2; i++) turns[i] = take(kept, rows);
    pass->head = head_of(net, parameters, width, kept);
    pass->head.X = trains ? take(kept, rows) : turns[net->blocks % 2];
    pass->path_statistics = take(kept, net->has_path ? 2 * net->S * width : 0);
    pass->images = take(kept, pixels * width);
    pass->dX = take(kept, trains ? rows : 0);
    pass->dN = take(kept, trains ? rows : 0);
    pass->dZ = take(kept, net->has_path ? rows : 0);
    /* A slice's images are turned before the first block has its turn. */
    Arena before = {scratch->base, 0};
    pass->room = (uint8_t *)take(&before, pk_lines_room(pixels) / (int64_t)sizeof(float) + 1);
    int64_t most = before.used;
    for (int64_t l = -2; l < net->blocks; l++) {
        const Block *block = l == -2 ? &net->embed : l == -1 ? &net->path : &net->block[l];
        if (l == -1 && !net->has_path) continue;
        Work *work = l == -2 ? &pass->embed : l == -1 ? &pass->path : &pass->block[l];
        float *X = l == -2 ? 0 : trains || l == -1 ? take(kept, rows) : turns[l % 2];
        Arena lines = {scratch->base, 0}, alone = *kept;
        *work = work_of(block, net->rounds, parameters, prepared, width, trains, trains ? kept : &alone, &lines);
        work->X = X;
        most = lines.used > most ? lines.used : most;
    }
    scratch->used = most;
}

/* X_out <- (adds: X +) the block of X. */
static void go_forward(const Work *work, int64_t adds, float *X_out) {
    if (work->rounded)
        rounded_forward(work, adds, X_out);
    else
        block_forward(work, adds, X_out);
}

/* Add the gradients of the block's parameters; dN <- the gradient of its normalised input, where wanted. */
static void go_backward(const Work *work, const float *dX_out, float *gradients, float *dN) {
    if (work->rounded)
        rounded_backward(work, dX_out, gradients, dN);
    else
        block_backward(work, dX_out, gradients, dN);
}

static float *input_of(Pass *pass, int64_t l) {
    return (float *)(l < pass->head.net->blocks ? pass->block[l].X : pass->head.X);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The first layer's X <- the images from number `first` of a batch, zeros beyond them; or, and X is NULL, what it becomes. */
static void take_images(Pass *pass, const Batch *batch, int64_t first, int64_t images) {
    const int64_t width = pass->head.width, pixels = batch->pixels;
    pass->embed.X = pass->images;
    if (batch->pictures) {
        const double start = now();
        const int64_t begin = batch->begin + first;
        if (pass->embed.rounded && pk_half_lines(batch->pictures, begin, images, width, pass->room, pass->embed.entered))
            pass->embed.X = 0;
        else
            pk_lines(batch->pictures, begin, images, width, pass->room, pass->images);
        pass->seconds += now() - start;
    } else {
        transpose_apart(batch->inputs + first * pixels, images, pixels, pixels, pass->images, width, width);
    }
}

/* Logits of the images from number `first` of a batch; how many of the slice's places they fill. */
static int64_t forward(Pass *pass, const Batch *batch, int64_t first) {
    const Network *net = pass->head.net;
    const int64_t width = pass->head.width, left = batch->images - first, images = left < width ? left : width;
    take_images(pass, batch, first, images);
    go_forward(&pass->embed, 0, input_of(pass, 0));
    for (int64_t l = 0; l < net->blocks; l++) {
        if (l == 0 && net->has_path) {
            /* LN(W X) + block: the block's result is added to the path in place. */
            float *Z = (float *)pass->path.X, *out = input_of(pass, 1);
            const Work path = pass->path, *block = &pass->block[0];
            Work of_X = path;
            of_X.X = block->X;
            go_forward(&of_X, 0, Z);
            measure(&net->path_norm, net->S, width, Z, pass->path_statistics);
            for (int64_t row = 0; row < net->S * net->C; row++)
                normalized(&net->path_norm, path.parameters, pass->path_statistics, row, width, Z, pass->dZ + row * width);
            go_forward(block, 0, out);
            for (int64_t i = 0; i < net->S * net->C * width; i++) out[i] += pass->dZ[i];
        } else {
            go_forward(&pass->block[l], net->adds, input_of(pass, l + 1));
        }
    }
    head_forward(&pass->head);
    return images;
}

/* Back through the first skip path, LN(W X): dX <- (what comes through the block, already there) + (what comes through it). */
static void path_backward(Pass *pass, const float *dX_out, float *gradients, float *dX) {
    const Network *net = pass->head.net;
    const int64_t width = pass->head.width, rows = net->S * net->C * width;
    const float *Z = pass->path.X;
    Work of_X = pass->path;
    of_X.X = pass->block[0].X;
    memcpy(pass->dN, dX_out, (size_t)rows * sizeof *dX);
    norm_backward(&net->path_norm, of_X.parameters, pass->path_statistics, net->S, width, Z, pass->dN, net->C * width, 0, pass->dZ,
                  gradients);
    go_backward(&of_X, pass->dZ, gradients, pass->dN);
    for (int64_t i = 0; i < of_X.block->tokens * net->C * width; i++) dX[i] += pass->dN[i];
}

/* fresh: whether no other slice has been added to the gradients of matrices. */
static void backward(Pass *pass, int64_t fresh, float *gradients) {
    const Network *net = pass->head.net;
    pass->embed.fresh = pass->path.fresh = fresh;
    for (int64_t l = 0; l < net->blocks; l++) pass->block[l].fresh = fresh;
    const int64_t width = pass->head.width;
    float *dX = pass->dX;
    head_backward(&pass->head, fresh, gradients, dX);
    for (int64_t l = net->blocks - 1; l >= 0; l--) {
        const Work *work = &pass->block[l];
        const int on_path = l == 0 && net->has_path;
        go_backward(work, dX, gradients, pass->dN);
        float *into = on_path ? (float *)pass->head.X : dX; /* the head's input is not needed any more */
        norm_backward(&work->block->norm, work->parameters, work->statistics, work->block->tokens, width, work->X, pass->dN,
                      net->C * width, !on_path && net->adds, into, gradients);
        if (on_path) path_backward(pass, dX, gradients, into);
        dX = into;
    }
    go_backward(&pass->embed, dX, gradients, 0);
}

#endif
