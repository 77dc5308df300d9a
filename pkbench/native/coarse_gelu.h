/* GELU and its slope for numbers that are rounded to bfloat16 afterwards, by tables of polynomials: about half the work of `gelu`.
 *
 * For z = |x|, phi(x) is max(x, 0) - z Phi(-z), and phi'(x) is 1/2 and, with x's sign, 1/2 - phi'(-z). What depends on z has for each of
 * 32 pieces of [0, 4.92] a polynomial of second degree, fitted by least maximum error: 1.6e-5 and 3e-5, where bfloat16 rounds numbers
 * about 1 by 4e-3 at most (phi(0) is 0, and beyond 4.92 what is left is less than 1e-5). */
#ifndef PKBENCH_COARSE_GELU_H
#define PKBENCH_COARSE_GELU_H

#include "vectors.h"

#if LANES == 16
#define HAS_COARSE_GELU 1

#define PIECE (5.0f / 32) /* pieces' middles are multiples of it */
#define LAST (31.49f * PIECE)

/* Coefficients of a piece's polynomial in z less its middle. */
static const float TAIL[3][32] = {
    {0.0f, 0.0684241056f, 0.117915221f, 0.149823487f, 0.166240782f, 0.169787288f, 0.163360178f, 0.149879351f, 0.132062539f,
     0.11225418f, 0.0923208296f, 0.073614262f, 0.0569933988f, 0.0428896211f, 0.0313973278f, 0.0223722644f, 0.0155241685f,
     0.0104941614f, 0.00691281399f, 0.00443844777f, 0.00277816784f, 0.00169552304f, 0.0010090709f, 0.00058567652f,
     0.000331550662f, 0.00018307523f, 9.86105733e-05f, 5.18148518e-05f, 2.65607941e-05f, 1.32831274e-05f, 6.48106243e-06f,
     3.08525296e-06f},
    {0.499978274f, 0.376525879f, 0.258954942f, 0.152559161f, 0.0614491031f, -0.0117803616f, -0.0661826581f, -0.102369748f,
     -0.122237191f, -0.128568903f, -0.124597721f, -0.113593102f, -0.098530136f, -0.0818689093f, -0.0654526055f, -0.0505012311f,
     -0.0376861989f, -0.0272432733f, -0.0191010199f, -0.013001103f, -0.00859708432f, -0.00552620925f, -0.00345476833f,
     -0.0021013557f, -0.00124398223f, -0.000716943701f, -0.000402361358f, -0.000219936381f, -0.000117112882f, -6.07583861e-05f,
     -3.07157097e-05f, -1.51328068e-05f},
    {-0.398289382f, -0.388812244f, -0.360978067f, -0.317881018f, -0.263919115f, -0.204281315f, -0.144214466f, -0.088352181f,
     -0.0402151905f, -0.00194640516f, 0.0257095899f, 0.0432209112f, 0.0519469231f, 0.05376371f, 0.0506980605f, 0.0446616299f,
     0.0372437127f, 0.029633224f, 0.0226116423f, 0.016604837f, 0.0117646279f, 0.00805701222f, 0.00534124579f, 0.00343138864f,
     0.00213818112f, 0.0012932485f, 0.000759701303f, 0.000433655427f, 0.000240642097f, 0.000129861437f, 6.81719539e-05f,
     3.48229369e-05f},
};
static const float SLOPE[3][32] = {
    {-3.94785184e-06f, 0.123660028f, 0.241397262f, 0.347922474f, 0.439113975f, 0.51237303f, 0.566755235f, 0.602882028f,
     0.622661293f, 0.628890872f, 0.624816656f, 0.61371851f, 0.598578334f, 0.581859946f, 0.565405428f, 0.550433338f, 0.537611246f,
     0.527170897f, 0.519037008f, 0.512948096f, 0.508555532f, 0.505495131f, 0.503432512f, 0.502085984f, 0.501233757f, 0.500710428f,
     0.500398278f, 0.500217497f, 0.500115693f, 0.500059962f, 0.500030279f, 0.500014901f},
    {0.798794985f, 0.777432263f, 0.721795678f, 0.635648251f, 0.52777946f, 0.408562332f, 0.288473427f, 0.17678602f, 0.0805344582f,
     0.00400449522f, -0.0513126627f, -0.0863497853f, -0.103821404f, -0.107472539f, -0.101365417f, -0.0893093348f, -0.0744862258f,
     -0.0592728592f, -0.0452340953f, -0.0332219936f, -0.0235411469f, -0.0161243919f, -0.0106908837f, -0.00686917594f,
     -0.00428099791f, -0.00258970633f, -0.00152153429f, -0.000868672912f, -0.000482123287f, -0.000260222092f, -0.00013663109f,
     -6.98057993e-05f},
    {-0.031109469f, -0.122058615f, -0.231021151f, -0.315856725f, -0.36924085f, -0.388496935f, -0.375406176f, -0.335848063f,
     -0.278018206f, -0.211048961f, -0.143482596f, -0.0821531639f, -0.0315762311f, 0.00614736602f, 0.0310138818f, 0.0445455015f,
     0.0491386652f, 0.0474512577f, 0.0419799387f, 0.0347548909f, 0.0272446293f, 0.0203695782f, 0.0145949963f, 0.0100555671f,
     0.00667815004f, 0.00428310363f, 0.00265668193f, 0.00159549748f, 0.000928604044f, 0.00052417221f, 0.000287145871f,
     0.000152738838f},
};

/* The numbers at 16 places of 32, which the lowest five bits of `places` say. */
static inline __attribute__((always_inline)) Vector looked_up(const float *table, Words places) {
    return (Vector)_mm512_permutex2var_ps((__m512)load(table), (__m512i)places, (__m512)load(table + LANES));
}

static inline __attribute__((always_inline)) Vector of_piece(const float coefficients[3][32], Words places, Vector rest) {
    return (looked_up(coefficients[2], places) * rest + looked_up(coefficients[1], places)) * rest +
           looked_up(coefficients[0], places);
}

/* x <- phi(x), slope <- phi'(x), n of each. */
static inline __attribute__((always_inline)) void coarse_gelu(const int n, Vector *x, Vector *slope) {
    for (int i = 0; i < n; i++) {
        const Words bits = (Words)x[i];
        const Vector z = (Vector)_mm512_min_ps((__m512)(bits & 0x7fffffffu), _mm512_set1_ps(LAST));
        /* Adding 1.5 * 2^23 rounds to an integer, which is then in the lowest bits. */
        const Vector shifted = z * (1 / PIECE) + 12582912.0f, rest = z - (shifted - 12582912.0f) * PIECE;
        const Vector half = of_piece(SLOPE, (Words)shifted, rest);
        slope[i] = (Vector)((Words)half ^ (bits & 0x80000000u)) + 0.5f;
        /* In this order what is no number stays none. */
        x[i] = (Vector)_mm512_max_ps(_mm512_setzero_ps(), (__m512)x[i]) - of_piece(TAIL, (Words)shifted, rest);
    }
}
#else
#define HAS_COARSE_GELU 0
#endif

#endif
