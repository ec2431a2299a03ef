/* State of health: the share of each channel in the sum, and a tube's own rate, by CUSUM (head of health.c).
 *
 * Where one channel moves the shares of all others move too, the other way and less.  So the one that crosses first, by
 * the most where several do, is set aside: the others begin anew and are held against each other, it against them.  The
 * chance of a false fault only falls.  Of two channels nobody can tell which moved: both are named.
 */
#include "ea_lane.h"

#define SHARE_A_DAY 1e-6         /* detection.md 3.7 */
#define DAY_S 86400.0
#define REFINE_S 3600.0
#define RECENT 64.0              /* seconds behind the share that is shown */
#define EVIDENCE_CAP 2.0         /* times the threshold: a fault that ended is over as soon as it was found */

static const struct { double slack, shift, learn_counts; } SHARE[2] = {
	{0.025, 0.04, 100000.0},     /* the day's temperature (detection.md 3.7); learned to 0.3 % */
	{0.2, 0.4, 900.0},           /* tubes: one that lost half has 0.57 of its share; learned to 3 % */
};

static void coefficients(ea_cusum *s, double q1, double q2)
{
	double rest = log((1.0 - q2) / (1.0 - q1));
	*s = (ea_cusum){.per_count = log(q2 / q1) - rest, .per_unit = rest, .sum = s->sum};
}

static void forget(ea_vitals *h)
{
	memset(h->evidence, 0, sizeof h->evidence);
	memset(h->own, 0, sizeof h->own);
	h->low = h->high = h->aside = 0;
}

static double sum_of(const double *of_channel, uint32_t mask, uint32_t channels)
{
	double sum = 0.0;
	for (uint32_t c = 0; c < channels; c++) { sum += mask >> c & 1u ? of_channel[c] : 0.0; }
	return sum;
}

/* Of what a channel is held to be a part: the sum of those not set aside, and itself. */
static double whole_of(const ea_vitals *h, const double *of_channel, double sum, uint32_t c)
{
	return h->aside >> c & 1u ? sum + of_channel[c] : sum;
}

static void hold_against(ea_vitals *h, int radiation, uint32_t channels)
{
	double sum = sum_of(h->share, h->sharing & ~h->aside, channels);
	double slack = SHARE[radiation].slack, shift = SHARE[radiation].shift;
	for (uint32_t c = 0; c < channels; c++) {
		double whole = whole_of(h, h->share, sum, c), q = whole > 0.0 ? h->share[c] / whole : 0.0;
		if (!(h->sharing >> c & 1u) || !(q > 0.0 && q < 1.0)) { continue; }
		coefficients(&h->evidence[c][0], q * (1.0 - slack), q * (1.0 - shift));
		if (q * (1.0 + shift) < 1.0) { coefficients(&h->evidence[c][1], q * (1.0 + slack), q * (1.0 + shift)); }
	}
}

static void set_shares(ea_vitals *h, int radiation, uint32_t channels, uint32_t served)
{
	double sum = 0.0;
	h->sharing = 0;
	for (uint32_t c = 0; c < channels; c++) {
		if (served >> c & 1u && h->learned[c] >= SHARE[radiation].learn_counts) {
			h->sharing |= 1u << c;
			sum += h->learned[c];
		}
	}
	for (uint32_t c = 0; c < channels; c++) { h->share[c] = h->sharing >> c & 1u ? h->learned[c] / sum : 0.0; }
	hold_against(h, radiation, channels);
}

/* A tube's own rate: 0.65 -> 0.4 and 1.5 -> 2.5 of what it was over the hour it was learned in. */
static void prepare_rates(ea_vitals *h, uint32_t channels)
{
	for (uint32_t c = 0; c < channels; c++) {
		double r = h->learned_s > 0.0 ? h->learned[c] / h->learned_s : 0.0;
		if (!(r > 0.0)) { continue; }
		h->own[c][0] = (ea_cusum){.per_count = log(0.4 / 0.65), .per_unit = 0.25 * r, .sum = h->own[c][0].sum};
		h->own[c][1] = (ea_cusum){.per_count = log(2.5 / 1.5), .per_unit = -r, .sum = h->own[c][1].sum};
	}
}

static uint32_t weigh(ea_cusum *s, double counts, double units, double limit)
{
	s->sum = fmin(EVIDENCE_CAP * limit, fmax(0.0, s->sum + counts * s->per_count + units * s->per_unit));
	return s->sum >= limit;
}

static void set(uint32_t *mask, uint32_t bit, uint32_t found, const ea_cusum *a, const ea_cusum *b)
{
	if (found) { *mask |= bit; }
	if (!(a->sum > 0.0) && !(b->sum > 0.0)) { *mask &= ~bit; }
}

static double most(const ea_vitals *h, uint32_t c)
{
	return fmax(h->evidence[c][0].sum, h->evidence[c][1].sum);
}

/* Of those not set aside, the one that has crossed by the most; EA_GAMMA_MAX: none, or only two are left to compare. */
static uint32_t mover(const ea_vitals *h, uint32_t channels, double limit)
{
	uint32_t found = EA_GAMMA_MAX, left = 0;
	for (uint32_t c = 0; c < channels; c++) {
		if (!((h->sharing & ~h->aside) >> c & 1u)) { continue; }
		left++;
		if (most(h, c) >= limit && (found == EA_GAMMA_MAX || most(h, c) > most(h, found))) { found = c; }
	}
	return left > 2u ? found : EA_GAMMA_MAX;
}

static void set_aside(ea_vitals *h, int radiation, uint32_t channels, double limit)
{
	uint32_t moved = mover(h, channels, limit), aside = h->aside & (h->low | h->high);
	if (moved < EA_GAMMA_MAX) { aside |= 1u << moved; }
	if (aside == h->aside) { return; }
	h->aside = aside;
	for (uint32_t c = 0; c < channels; c++) {
		if (aside >> c & 1u) { continue; }
		h->evidence[c][0].sum = h->evidence[c][1].sum = 0.0;
		if (!(h->own[c][0].sum > 0.0)) { h->low &= ~(1u << c); }
		if (!(h->own[c][1].sum > 0.0)) { h->high &= ~(1u << c); }
	}
	hold_against(h, radiation, channels);
}

void ea_shares_judge(ea_vitals *h, const ea_second *s, uint32_t channels, int radiation)
{
	double limit = log(4.0 * channels * DAY_S / SHARE_A_DAY);               /* two sides, share and rate, a look a second */
	double sum = sum_of(s->counts, h->sharing & ~h->aside, channels);
	for (uint32_t c = 0; c < channels; c++) {
		double whole = whole_of(h, s->counts, sum, c);
		uint32_t low, high;
		h->recent[c] += s->counts[c] - h->recent[c] / RECENT;
		if (!(h->sharing >> c & 1u)) { continue; }
		low = weigh(&h->evidence[c][0], s->counts[c], whole, limit);
		high = weigh(&h->evidence[c][1], s->counts[c], whole, limit);
		if (radiation == EA_NEUTRON) {
			low |= weigh(&h->own[c][0], s->counts[c], s->exposure_s, limit);
			high |= weigh(&h->own[c][1], s->counts[c], s->exposure_s, limit);
		}
		set(&h->low, 1u << c, low, &h->evidence[c][0], &h->own[c][0]);
		set(&h->high, 1u << c, high, &h->evidence[c][1], &h->own[c][1]);
	}
	set_aside(h, radiation, channels, limit);
}

/* All evidence begins anew where other channels than before are in the sum. */
void ea_shares_prepare(ea_vitals *h, int radiation, uint32_t channels, uint32_t served)
{
	forget(h);
	set_shares(h, radiation, channels, served);
	h->shared_by = served;
	if (radiation == EA_NEUTRON) { prepare_rates(h, channels); }
}

static void accumulate(ea_vitals *h, const ea_second *s, uint32_t channels)
{
	h->learned_s += s->exposure_s;
	for (uint32_t c = 0; c < channels; c++) { h->learned[c] += s->counts[c]; }
}

/* Shares are learned of all channels in service together, and anew when one joins that was not among them. */
void ea_shares_learn(ea_vitals *h, const ea_second *s, uint32_t channels, uint32_t served, int radiation, double t_s)
{
	uint32_t full = 1;
	if (h->learning != served) {
		memset(h->learned, 0, sizeof h->learned);
		h->learned_s = 0.0;
		h->learning = served;
		h->lesson_s = h->refined_s = t_s;
	}
	accumulate(h, s, channels);
	for (uint32_t c = 0; c < channels; c++) {
		full &= !(served >> c & 1u) || h->learned[c] >= SHARE[radiation].learn_counts;
	}
	if (!full || !served) { return; }
	h->taught = served;
	ea_shares_prepare(h, radiation, channels, served);
}

/* The first lesson of panels is of one hour's temperature; a whole day's mean lies in the middle of what the slack
 * absorbs.  A drift below the threshold on that day is learned with it. */
void ea_shares_refine(ea_vitals *h, const ea_second *s, uint32_t channels, int radiation, double t_s)
{
	if (radiation != EA_GAMMA || t_s > h->lesson_s + DAY_S || h->low || h->high || h->shared_by != h->taught) { return; }
	accumulate(h, s, channels);
	if (t_s < h->refined_s + REFINE_S) { return; }
	h->refined_s = t_s;
	set_shares(h, radiation, channels, h->taught);
}
