/* State of health: the share of each channel in the sum, and a tube's own rate, by CUSUM (head of health.c). */
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
	h->low = h->high = 0;
}

static void set_shares(ea_vitals *h, int radiation, uint32_t channels, uint32_t served)
{
	double sum = 0.0, slack = SHARE[radiation].slack, shift = SHARE[radiation].shift;
	h->sharing = 0;
	for (uint32_t c = 0; c < channels; c++) {
		if (served >> c & 1u && h->learned[c] >= SHARE[radiation].learn_counts) {
			h->sharing |= 1u << c;
			sum += h->learned[c];
		}
	}
	for (uint32_t c = 0; c < channels; c++) {
		double q = sum > 0.0 ? h->learned[c] / sum : 0.0;
		h->share[c] = h->sharing >> c & 1u ? q : 0.0;
		if (!(h->share[c] > 0.0) || !(q < 1.0)) { continue; }
		coefficients(&h->evidence[c][0], q * (1.0 - slack), q * (1.0 - shift));
		if (q * (1.0 + shift) < 1.0) { coefficients(&h->evidence[c][1], q * (1.0 + slack), q * (1.0 + shift)); }
	}
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

void ea_shares_judge(ea_vitals *h, const ea_second *s, uint32_t channels, int radiation)
{
	double limit = log(4.0 * channels * DAY_S / SHARE_A_DAY), sum = 0.0;    /* two sides, share and rate, a look a second */
	for (uint32_t c = 0; c < channels; c++) { sum += h->sharing >> c & 1u ? s->counts[c] : 0.0; }
	for (uint32_t c = 0; c < channels; c++) {
		uint32_t low, high;
		h->recent[c] += s->counts[c] - h->recent[c] / RECENT;
		if (!(h->sharing >> c & 1u)) { continue; }
		low = weigh(&h->evidence[c][0], s->counts[c], sum, limit);
		high = weigh(&h->evidence[c][1], s->counts[c], sum, limit);
		if (radiation == EA_NEUTRON) {
			low |= weigh(&h->own[c][0], s->counts[c], s->exposure_s, limit);
			high |= weigh(&h->own[c][1], s->counts[c], s->exposure_s, limit);
		}
		set(&h->low, 1u << c, low, &h->evidence[c][0], &h->own[c][0]);
		set(&h->high, 1u << c, high, &h->evidence[c][1], &h->own[c][1]);
	}
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
