/* A Mixer's training step and logits over slices of a batch, in float32, or with products of bfloat16. Called from
 * pkbench/train/engines/native.py, which says what the arrays are. Nothing is allocated and nothing is global: calls with memory of
 * their own may run at the same time. */
#include "head.h"
#include "optimizers.h"
#include "rounded_block.h"

#define PUBLIC __attribute__((visibility("default")))

/* All that a pass over one slice works in. */
typedef struct {
    Work embed, path, *block;
    Head head;
    float *path_statistics; /* of W X on the first skip path */
    float *dX, *dN, *dZ;
    float *images; /* of the slice, lines of `width` */
} Pass;

/* A batch as it comes, (images, pixels), and the memory for one slice of it at a time. */
typedef struct {
    int64_t width, pixels, images;
    const float *inputs;
    float *scratch, *kept;
} Batch;

static int64_t most_rows(const Network *net) {
    const int64_t first = net->embed.groups * net->embed.outputs, later = net->S * net->C;
    return first > later ? first : later;
}

/* Lay out the memory of a pass; `scratch` is used by one block after another, `kept` by all or, where no backward pass follows
 * (trains 0), by one after another, too. Over no bases it only counts. */
static void lay_out(const Network *net, const float *parameters, const float *matrices, int64_t width, int64_t pixels,
                    int64_t trains, Arena *scratch, Arena *kept, Pass *pass) {
    const Matrices prepared = {matrices, matrices ? matrices + net->parameters : 0};
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
    int64_t most = 0;
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

/* Logits of the images from number `first` of a batch; how many of the slice's places they fill. */
static int64_t forward(Pass *pass, const Batch *batch, int64_t first) {
    const Network *net = pass->head.net;
    const int64_t width = pass->head.width, left = batch->images - first, images = left < width ? left : width;
    transpose(batch->inputs + first * batch->pixels, images, batch->pixels, batch->pixels, pass->images, width, width);
    pass->embed.X = pass->images;
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
    memset(pass->dZ, 0, (size_t)rows * sizeof *dX);
    norm_backward(&net->path_norm, of_X.parameters, pass->path_statistics, net->S, width, Z, pass->dN, pass->dZ, gradients);
    go_backward(&of_X, pass->dZ, gradients, pass->dN);
    for (int64_t i = 0; i < of_X.block->tokens * net->C * width; i++) dX[i] += pass->dN[i];
}

static void backward(Pass *pass, float *gradients) {
    const Network *net = pass->head.net;
    const int64_t width = pass->head.width;
    float *dX = pass->dX;
    head_backward(&pass->head, gradients, pass->dN, dX);
    for (int64_t l = net->blocks - 1; l >= 0; l--) {
        const Work *work = &pass->block[l];
        const int64_t numbers = work->block->tokens * net->C * width;
        const int on_path = l == 0 && net->has_path;
        go_backward(work, dX, gradients, pass->dN);
        float *into = on_path ? (float *)pass->head.X : dX; /* the head's input is not needed any more */
        if (on_path || !net->adds) memset(into, 0, (size_t)numbers * sizeof *into);
        norm_backward(&work->block->norm, work->parameters, work->statistics, work->block->tokens, width, work->X, pass->dN,
                      into, gradients);
        if (on_path) path_backward(pass, dX, gradients, into);
        dX = into;
    }
    go_backward(&pass->embed, dX, gradients, 0);
}

/* Of each block's `middle`, rows of the second layer's operand, make their places in it, for slices of `width`: once. */
PUBLIC void pk_place(Network *net, int64_t width) {
    for (int64_t l = 0; l < net->blocks; l++) {
        const Block *block = &net->block[l];
        if (!block->middle) continue;
        const Layout at = layout_of(block, width);
        for (int64_t row = 0; row < block->groups * block->hidden; row++)
            block->middle[row] = (int32_t)(place(block->middle[row], block->hidden, at) / LANES);
    }
}

/* sizes (2) <- numbers of scratch and of kept memory that a pass takes; one without a backward pass takes less of either. */
PUBLIC void pk_memory(const Network *net, int64_t width, int64_t pixels, int64_t *sizes) {
    Work works[net->blocks];
    Pass pass = {.block = works};
    Arena scratch = {0, 0}, kept = {0, 0};
    lay_out(net, 0, 0, width, pixels, 1, &scratch, &kept, &pass);
    sizes[0] = scratch.used;
    sizes[1] = kept.used;
}

/* matrices (twice as many numbers as parameters where products are of bfloat16, else as many) <- the matrices as products read them:
 * transposed, for backward, and then rounded. */
PUBLIC void pk_prepare(const Network *net, const float *parameters, float *matrices, int64_t thread, int64_t threads) {
    const Matrices to = {matrices, net->rounds ? matrices + net->parameters : 0};
    for (int64_t l = -2; l < net->blocks; l++) {
        const Block *block = l == -2 ? &net->embed : l == -1 ? &net->path : &net->block[l];
        /* In float32 the embedding, which has no gradient of its input, is not read transposed. */
        if ((l == -1 && !net->has_path) || (l == -2 && !net->rounds)) continue;
        prepare(block, net->rounds, parameters, to, thread, threads);
    }
}

/* Forward and backward over slices number `thread`, `thread + threads`, ... of a batch, after pk_prepare. Adds to gradients, loss
 * and wrong. */
PUBLIC void pk_gradients(const Network *net, const float *parameters, const float *matrices, const Batch *batch,
                         int64_t thread, int64_t threads, const int64_t *labels, const int64_t *partners, double share,
                         double smoothing, float *gradients, double *loss, int64_t *wrong) {
    Work works[net->blocks];
    Pass pass = {.block = works};
    lay_out(net, parameters, matrices, batch->width, batch->pixels, 1, &(Arena){batch->scratch, 0},
            &(Arena){batch->kept, 0}, &pass);
    for (int64_t first = thread * batch->width; first < batch->images; first += threads * batch->width) {
        const int64_t images = forward(&pass, batch, first);
        const Targets targets = {images, labels + first, partners + first, share, smoothing, 1.0 / (double)batch->images};
        cross_entropy(&pass.head, &targets, loss, wrong);
        backward(&pass, gradients);
    }
}

/* logits (images, classes) of the same slices; matrices, where products are of bfloat16: after pk_prepare. */
PUBLIC void pk_logits(const Network *net, const float *parameters, const float *matrices, const Batch *batch, int64_t thread,
                      int64_t threads, float *logits) {
    Work works[net->blocks];
    Pass pass = {.block = works};
    lay_out(net, parameters, matrices, batch->width, batch->pixels, 0, &(Arena){batch->scratch, 0},
            &(Arena){batch->kept, 0}, &pass);
    for (int64_t first = thread * batch->width; first < batch->images; first += threads * batch->width) {
        const int64_t images = forward(&pass, batch, first);
        for (int64_t b = 0; b < images; b++)
            for (int64_t k = 0; k < net->classes; k++)
                logits[(first + b) * net->classes + k] = pass.head.logits[k * pass.head.step + b];
    }
}

/* Make a thread's gradients zero. */
PUBLIC void pk_clear(const Piece *pieces, int64_t count, float *gradients) {
    for (int64_t p = 0; p < count; p++) clear(&pieces[p], gradients);
}

/* flat <- the gradients of all parameters, in this thread's share, from what several threads have summed. */
PUBLIC void pk_collect(const Piece *pieces, int64_t count, const float *const *gradients, int64_t several, int64_t thread,
                       int64_t threads, float *flat) {
    for (int64_t p = 0; p < count; p++) collect(&pieces[p], gradients, several, thread, threads, flat);
}

PUBLIC void pk_adamw(int64_t n, float *parameters, const float *gradients, float *mean, float *square, double lr,
                     double beta1, double beta2, double eps, double weight_decay, int64_t step, int64_t thread,
                     int64_t threads) {
    const int64_t begin = share(n, thread, threads), count = share(n, thread + 1, threads) - begin;
    adamw(count, parameters + begin, gradients + begin, mean + begin, square + begin, lr, beta1, beta2, eps, weight_decay, step);
}

PUBLIC void pk_sgd(int64_t n, float *parameters, const float *gradients, float *velocity, double lr, double momentum,
                   double weight_decay, int64_t nesterov, int64_t first, int64_t thread, int64_t threads) {
    const int64_t begin = share(n, thread, threads), count = share(n, thread + 1, threads) - begin;
    sgd(count, parameters + begin, gradients + begin, velocity + begin, lr, momentum, weight_decay, (int)nesterov, (int)first);
}

/* Images of a slice come in multiples of this. */
PUBLIC int64_t pk_lanes(void) { return LANES; }

/* Lines of matrices' gradients come in multiples of this. */
PUBLIC int64_t pk_tile(void) { return TILE; }
