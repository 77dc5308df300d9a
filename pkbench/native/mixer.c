/* A Mixer's training step and logits over slices of a batch, in float32, or with products of bfloat16. Called from
 * pkbench/train/engines/native.py, which says what the arrays are. Nothing is global: steps of several runs may be taken at the same
 * time, each by a team of its own. */
#include "optimizers.h"
#include "pass.h"
#include "team.h"

#define PUBLIC __attribute__((visibility("default")))

/* What one thread works in: memory for a pass over a slice, and its sums of gradients. */
typedef struct {
    float *scratch, *kept, *gradients;
} Memory;

/* A run, and all that its steps go over. */
typedef struct {
    const Network *network;
    Team *team;
    int64_t width, pixels; /* images of a slice, numbers of an image */
    float *parameters, *gradient;
    float *matrices; /* as products read them: transposed, for backward, and then, where products are of bfloat16, rounded */
    const Memory *memory; /* of each thread */
    const Piece *piece;   /* of all parameters */
    int64_t pieces;
} Training;

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

/* A batch, and what is wanted of it. */
typedef struct {
    const Training *training;
    Batch batch;
    Targets targets; /* of all images */
    float *logits;   /* (images, classes) */
    double *loss;    /* of each thread, as are */
    int64_t *wrong;
    double *seconds; /* that images took to be made */
} Asked;

/* This thread's share of the matrices as products read them. */
static void prepare_matrices(const void *with, int64_t thread, int64_t threads) {
    const Training *run = ((const Asked *)with)->training;
    const Network *net = run->network;
    const Matrices to = {run->matrices, net->rounds ? run->matrices + net->matrices : 0};
    for (int64_t l = -2; l < net->blocks; l++) {
        const Block *block = l == -2 ? &net->embed : l == -1 ? &net->path : &net->block[l];
        /* In float32 the embedding, which has no gradient of its input, is not read transposed. */
        if ((l == -1 && !net->has_path) || (l == -2 && !net->rounds)) continue;
        prepare(block, net->rounds, run->parameters, to, thread, threads);
    }
}

static void lay_out_for(const Training *run, int64_t thread, int64_t trains, Pass *pass) {
    const Memory memory = run->memory[thread];
    lay_out(run->network, run->parameters, run->matrices, run->width, run->pixels, trains, &(Arena){memory.scratch, 0},
            &(Arena){memory.kept, 0}, pass);
}

/* Forward and backward over slices number `thread`, `thread + threads`, ..., after prepare_matrices: the thread's sums. */
static void slices_of_gradient(const void *with, int64_t thread, int64_t threads) {
    const Asked *asked = with;
    const Training *run = asked->training;
    float *gradients = run->memory[thread].gradients;
    double loss = 0;
    int64_t wrong = 0;
    Work works[run->network->blocks];
    Pass pass = {.block = works};
    lay_out_for(run, thread, 1, &pass);
    const int64_t begin = thread * run->width;
    /* Of matrices, the first slice's gradients are written where others are added. */
    for (int64_t p = 0; p < run->pieces; p++)
        if (run->piece[p].vector || begin >= asked->batch.images) clear(&run->piece[p], gradients);
    for (int64_t first = begin; first < asked->batch.images; first += threads * run->width) {
        Targets targets = asked->targets;
        targets.images = forward(&pass, &asked->batch, first);
        targets.labels += first, targets.partners += first;
        cross_entropy(&pass.head, &targets, &loss, &wrong);
        backward(&pass, first == begin, gradients);
    }
    asked->loss[thread] = loss;
    asked->wrong[thread] = wrong;
    asked->seconds[thread] = pass.seconds;
}

/* Logits of the same slices. */
static void slices_of_logits(const void *with, int64_t thread, int64_t threads) {
    const Asked *asked = with;
    const Training *run = asked->training;
    const int64_t classes = run->network->classes;
    Work works[run->network->blocks];
    Pass pass = {.block = works};
    lay_out_for(run, thread, 0, &pass);
    for (int64_t first = thread * run->width; first < asked->batch.images; first += threads * run->width) {
        const int64_t images = forward(&pass, &asked->batch, first);
        for (int64_t b = 0; b < images; b++)
            for (int64_t k = 0; k < classes; k++)
                asked->logits[(first + b) * classes + k] = pass.head.logits[k * pass.head.step + b];
    }
}

/* This thread's share of the gradients of all parameters, from the threads' sums. */
static void collect_gradients(const void *with, int64_t thread, int64_t threads) {
    const Training *run = ((const Asked *)with)->training;
    const float *sums[threads];
    for (int64_t t = 0; t < threads; t++) sums[t] = run->memory[t].gradients;
    for (int64_t p = 0; p < run->pieces; p++) collect(&run->piece[p], sums, threads, thread, threads, run->gradient);
}

/* The run's gradient, loss, wrong and seconds <- of a batch: its mean loss's gradient, the sum of its losses in nats, how many are wrong,
 * how long making its inputs of the pictures from number `begin` on took, where these are not NULL. */
PUBLIC void pk_gradient(const Training *run, const float *inputs, const Pictures *pictures, int64_t begin, int64_t images,
                        const int64_t *labels, const int64_t *partners, double share, double smoothing, double *loss,
                        int64_t *wrong, double *seconds) {
    const int64_t threads = run->team->threads;
    double losses[threads], made[threads];
    int64_t wrongs[threads];
    const Asked asked = {
        .training = run,
        .batch = {inputs, pictures, begin, images, run->pixels},
        .targets = {images, labels, partners, share, smoothing, 1.0 / (double)images},
        .loss = losses,
        .wrong = wrongs,
        .seconds = made,
    };
    together(run->team, prepare_matrices, &asked, PATIENCE);
    together(run->team, slices_of_gradient, &asked, PATIENCE);
    together(run->team, collect_gradients, &asked, PATIENCE);
    *loss = 0, *wrong = 0, *seconds = made[0]; /* the first thread has as many slices as any */
    for (int64_t t = 0; t < threads; t++) *loss += losses[t], *wrong += wrongs[t];
}

/* logits (images, classes) <- forward alone. */
PUBLIC void pk_logits(const Training *run, const float *inputs, int64_t images, float *logits) {
    const Asked asked = {.training = run, .batch = {inputs, 0, 0, images, run->pixels}, .logits = logits};
    if (run->network->rounds) together(run->team, prepare_matrices, &asked, PATIENCE);
    together(run->team, slices_of_logits, &asked, 0);
}

/* The run's gradient made shorter. */
typedef struct {
    const Training *training;
    double *squares; /* of the threads' shares */
    float factor;
} Clip;

static void squares_share(const void *with, int64_t thread, int64_t threads) {
    const Clip *clip = with;
    const int64_t n = clip->training->network->parameters, begin = share(n, thread, threads), end = share(n, thread + 1, threads);
    clip->squares[thread] = squares(end - begin, clip->training->gradient + begin);
}

static void shorter_share(const void *with, int64_t thread, int64_t threads) {
    const Clip *clip = with;
    const int64_t n = clip->training->network->parameters, end = share(n, thread + 1, threads);
    for (int64_t i = share(n, thread, threads); i < end; i++) clip->training->gradient[i] *= clip->factor;
}

/* The run's gradient, where its norm is more than `most`, <- as long as that, as torch.nn.utils.clip_grad_norm_ has it. */
PUBLIC void pk_clip(const Training *run, double most) {
    const int64_t threads = run->team->threads;
    double parts[threads], sum = 0;
    Clip clip = {.training = run, .squares = parts};
    together(run->team, squares_share, &clip, PATIENCE);
    for (int64_t t = 0; t < threads; t++) sum += parts[t];
    clip.factor = (float)(most / (sqrt(sum) + 1e-6));
    if (!(clip.factor >= 1)) together(run->team, shorter_share, &clip, PATIENCE); /* no number: all of it becomes that */
}

/* An optimizer's step: its numbers, and its moments of all parameters. */
typedef struct {
    const Training *training;
    double lr, momentum, beta1, beta2, eps, weight_decay;
    float *mean, *square;
    int64_t step, nesterov, first;
} Rule;

static void adamw_share(const void *with, int64_t thread, int64_t threads) {
    const Rule *rule = with;
    const Training *run = rule->training;
    const int64_t n = run->network->parameters, begin = share(n, thread, threads), count = share(n, thread + 1, threads) - begin;
    adamw(count, run->parameters + begin, run->gradient + begin, rule->mean + begin, rule->square + begin, rule->lr,
          rule->beta1, rule->beta2, rule->eps, rule->weight_decay, rule->step);
}

static void sgd_share(const void *with, int64_t thread, int64_t threads) {
    const Rule *rule = with;
    const Training *run = rule->training;
    const int64_t n = run->network->parameters, begin = share(n, thread, threads), count = share(n, thread + 1, threads) - begin;
    sgd(count, run->parameters + begin, run->gradient + begin, rule->mean + begin, rule->lr, rule->momentum,
        rule->weight_decay, (int)rule->nesterov, (int)rule->first);
}

/* Parameters and moments <- those after a step along the run's gradient. */
PUBLIC void pk_adamw(const Training *run, float *mean, float *square, double lr, double beta1, double beta2, double eps,
                     double weight_decay, int64_t step) {
    const Rule rule = {.training = run, .lr = lr, .beta1 = beta1, .beta2 = beta2, .eps = eps, .weight_decay = weight_decay,
                       .mean = mean, .square = square, .step = step};
    together(run->team, adamw_share, &rule, PATIENCE);
}

PUBLIC void pk_sgd(const Training *run, float *velocity, double lr, double momentum, double weight_decay, int64_t nesterov,
                   int64_t first) {
    const Rule rule = {.training = run, .lr = lr, .momentum = momentum, .weight_decay = weight_decay, .mean = velocity,
                       .nesterov = nesterov, .first = first};
    together(run->team, sgd_share, &rule, PATIENCE);
}

/* So many threads, the caller's among them, for one run's steps; NULL: there is no memory. */
PUBLIC Team *pk_team(int64_t threads) { return team_of(threads); }

/* End them. */
PUBLIC void pk_dismiss(Team *team) { dismiss(team); }

/* Whether products of bfloat16 are a matrix unit's. */
PUBLIC int64_t pk_has_tiles(void) { return HAS_TILES; }

/* Images of a slice come in multiples of this. */
PUBLIC int64_t pk_lanes(void) { return LANES; }

/* Lines of matrices' gradients come in multiples of this. */
PUBLIC int64_t pk_tile(void) { return TILE; }
