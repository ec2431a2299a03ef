/* State of health: what a channel should count, and the limits of one sample that follow from it. */
#include "ea_lane.h"

#define DEEPEST 0.6              /* what a shadow leaves */
#define STUCK_LEAST 20.0         /* counts; below it chance repeats too often (detection.md 3.7) */
#define STUCK_MOST 64u
#define RATE_REPEATS 40.0        /* a portal may average 20 s and tell it every 5 s: B so many times smaller */
#define KNOWN_COUNTS 30.0        /* behind a reference: 18 % */
#define POOREST 0.05             /* of its neighbours' mean: a channel never heard is expected to count this much */
#define NEVER_GAMMA_CPS 0.3      /* where no channel was ever heard: a small Geiger tube (SBM-20) in the lowest background ... */
#define NEVER_NEUTRON_CPS 0.05   /* ... and a twentieth of a portal's tube: zeros are told after 2 and 9 min of counting */
#define LONE 4.0                 /* sqrt n - sqrt B >= 4 is z >= 8, and holds at small counts too */
#define HOT 5.0                  /* times the reference: steep.  A panel fails at a thousand times; one sample before, a
                                  * vehicle at 80 km/h gave a fifth of that */
#define HOT_COUNTS 21.0          /* exp(-21) < 1e-9: zero after it is no chance */
#define PAIR_COUNTS 10.0         /* in each half of a pair: nearer to chi-square, and tubes get minutes */

static uint32_t whole(double x)
{
	return x > 0.0 && x < 4e9 ? (uint32_t)x : 4000000000u;      /* NaN too */
}

int ea_health_known(const ea_vitals *h, uint32_t c)
{
	return h->rate_cps[c] * h->exposure_s[c] >= KNOWN_COUNTS;
}

/* Counts/s the channel should give: its own, or a poor neighbour's where it was never heard.  A lane that began with all
 * its panels dead must not be silent about it. */
static double reference(const ea_vitals *h, int radiation, uint32_t channels, uint32_t c)
{
	double never = radiation == EA_GAMMA ? NEVER_GAMMA_CPS : NEVER_NEUTRON_CPS;
	double sum = 0.0, n = 0.0;
	if (ea_health_known(h, c)) { return h->rate_cps[c]; }
	for (uint32_t i = 0; i < channels; i++) {
		if (i != c && ea_health_known(h, i)) {
			sum += h->rate_cps[i];
			n += 1.0;
		}
	}
	return n > 0.0 ? fmax(never, POOREST * sum / n) : never;
}

double ea_health_looks(uint32_t channels, double every_s)
{
	return channels * EA_YEAR_S / every_s;
}

/* Smallest run of equal counts of mean b that chance gives less than EA_FALSE_A_YEAR times. */
uint32_t ea_health_repeats(double b, double looks)
{
	double limit = log(EA_FALSE_A_YEAR / looks), each = 0.5 * log(6.283185307179586 * b);
	uint32_t k = 2;
	while (k < STUCK_MOST && -(k - 1.0) * each - 0.5 * log((double)k) > limit) { k++; }
	return k;
}

uint32_t ea_health_rate_repeats(double b, double looks)
{
	return b >= STUCK_LEAST ? ea_health_repeats(DEEPEST * b / RATE_REPEATS, looks) : UINT32_MAX;
}

double ea_health_peak(double b, double roots)
{
	return (sqrt(b) + roots) * (sqrt(b) + roots);
}

double ea_health_hot(double b)
{
	return fmax(fmax(HOT * b, ea_health_peak(b, LONE)), HOT_COUNTS);
}

static void prepare_channel(ea_vitals *h, int radiation, uint32_t channels, uint32_t c)
{
	double rate = reference(h, radiation, channels, c), b = rate * h->interval_s, year = ea_health_looks(channels, h->interval_s);
	h->expected_cps[c] = rate;
	h->stuck_at[c] = b >= STUCK_LEAST ? ea_health_repeats(DEEPEST * b, year) : UINT32_MAX;
	h->lone_at[c] = ea_health_known(h, c) ? whole(ceil(ea_health_peak(b, LONE))) : UINT32_MAX;
	h->hot_at[c] = ea_health_known(h, c) ? whole(ceil(ea_health_hot(b))) : UINT32_MAX;
	h->odd_above[c] = (h->lone_at[c] < h->hot_at[c] ? h->lone_at[c] : h->hot_at[c]) - 1u;
}

/* Pairs of halves too short for their rate: two empty ones say nothing, and were counted as two that are equal. */
static void set_halves(ea_vitals *h, uint32_t channels, double half_s)
{
	if (half_s > h->interval_s && h->half_s <= h->interval_s) { ea_health_scatter_anew(h, channels); }
	h->half_s = half_s;
}

void ea_health_prepare(ea_vitals *h, int radiation, uint32_t channels)
{
	double least = HUGE_VAL;
	for (uint32_t c = 0; c < channels; c++) {
		prepare_channel(h, radiation, channels, c);
		if (ea_health_known(h, c)) { least = fmin(least, h->rate_cps[c]); }
	}
	set_halves(h, channels, least < HUGE_VAL ? PAIR_COUNTS / least : 0.0);
}
