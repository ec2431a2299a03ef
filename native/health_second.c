/* State of health: whole seconds of the vacant lane, held back until no vehicle can have been near them. */
#include "ea_lane.h"

#define CALM_S 10.0              /* below HOT for so long: the source has gone */
#define WINDOW_S 60.0            /* detection.md 3.7 */
#define WINDOW_PAIRS 100u        /* a variance of 0.4 or 1.9 shows; 17 min of vacant records every 5 s */
#define PREPARE 16u              /* seconds between two settings of the limits */

/* The mean of k pairs that only EA_FALSE_A_YEAR windows a year are beyond, on one side (Wilson and Hilferty 1931). */
static double scatter_limit(uint32_t pairs, double window_s, uint32_t channels, double side)
{
	double z = ea_normal_quantile(log(0.5 * EA_FALSE_A_YEAR / ea_health_looks(channels, window_s)));
	double v = 2.0 / (9.0 * pairs), root = 1.0 - v + side * z * sqrt(v);
	return root > 0.0 ? root * root * root : 0.0;
}

void ea_health_scatter_anew(ea_vitals *h, uint32_t channels)
{
	for (uint32_t c = 0; c < channels; c++) { h->scatter_sum[c] = 0.0; }
	h->pairs = 0;
	h->window_s = 0.0;
}

static void judge_scatter(ea_vitals *h, uint32_t channels)
{
	double most = scatter_limit(h->pairs, h->window_s, channels, 1.0);
	double least = scatter_limit(h->pairs, h->window_s, channels, -1.0);
	h->noisy = h->smooth = 0;
	for (uint32_t c = 0; c < channels; c++) {
		double mean = h->scatter_sum[c] / h->pairs;
		h->scatter[c] = mean;
		if (!(h->half_s > 0.0) || !ea_health_known(h, c) || (h->silent | h->overload) >> c & 1u) { continue; }
		h->noisy |= (uint32_t)(mean > most) << c;
		h->smooth |= (uint32_t)(mean < least) << c;
	}
	ea_health_scatter_anew(h, channels);
}

static void follow(ea_vitals *h, const ea_second *s, uint32_t c, double memory_s)
{
	h->exposure_s[c] = fmin(memory_s, h->exposure_s[c] + s->exposure_s);
	h->rate_cps[c] += (s->counts[c] / s->exposure_s - h->rate_cps[c]) * s->exposure_s / h->exposure_s[c];
}

/* A channel in trouble is sound again when no count of the background is from before the end of it. */
static void release(ea_vitals *h, const ea_ring *r, uint32_t channels)
{
	uint32_t bad = h->silent | h->stuck;
	for (uint32_t c = 0; bad >> c && c < channels; c++) {
		if (!(bad >> c & 1u) || !ea_ring_renewed(r, h->trouble_s[c])) { continue; }
		h->silent &= ~(1u << c);
		h->stuck &= ~(1u << c);
		h->stuck_vacant &= ~(1u << c);
	}
}

/* What is learned of one second is at most a steep rise: 200000 counts of a tube, once, would be in its reference for an
 * hour, and every zero of that hour would be a dead tube. */
static void clip(const ea_vitals *h, ea_second *s, uint32_t channels)
{
	for (uint32_t c = 0; c < channels; c++) {
		if (ea_health_known(h, c)) { s->counts[c] = fmin(s->counts[c], ea_health_hot(h->expected_cps[c] * s->exposure_s)); }
	}
}

static void take(ea_lane *lane, int radiation, ea_second *s, double t_s)
{
	ea_vitals *h = &lane->vitals[radiation];
	const ea_ring *r = &lane->ring[radiation];
	uint32_t channels = r->channels, ill = h->silent | h->stuck_vacant | h->overload, served = r->mask & ~ill;
	double memory_s = radiation == EA_GAMMA ? EA_GAMMA_MEMORY_S : EA_NEUTRON_MEMORY_S;
	clip(h, s, channels);
	for (uint32_t c = 0; c < channels; c++) {
		if (!(ill >> c & 1u)) { follow(h, s, c, memory_s); }
		h->scatter_sum[c] += s->scatter[c];
	}
	h->pairs += s->pairs;
	h->window_s += s->exposure_s;
	if (h->pairs >= WINDOW_PAIRS && h->window_s >= WINDOW_S) { judge_scatter(h, channels); }
	if (served & ~h->taught) { ea_shares_learn(h, s, channels, served, radiation, t_s); }
	else if (served != h->shared_by) { ea_shares_prepare(h, radiation, channels, served); }
	else { ea_shares_refine(h, s, channels, radiation, t_s); }
	ea_shares_judge(h, s, channels, radiation);
	if (h->silent | h->stuck) { release(h, r, channels); }
	h->seconds++;
	if (h->seconds < PREPARE || h->seconds % PREPARE == 0) { ea_health_prepare(h, radiation, channels); }
}

static void drop_pending(ea_vitals *h)
{
	h->held = 0;
	if (h->half_s < EA_PENDING) { h->halves = h->half_exposure_s = 0.0; }     /* long halves outlive a vehicle: tubes */
}

/* Overload ends when what counts at all has been below HOT for a while; what counted nothing for longer than chance allows
 * is dead then (one second of a tube without a count is nothing). */
static void calm_down(ea_vitals *h, const ea_second *s, double span_s, double t_s, uint32_t channels)
{
	uint32_t counting = 0, hot = 0;
	for (uint32_t c = 0; c < channels; c++) {
		counting |= s->counts[c] > 0.0;
		hot |= s->counts[c] >= ea_health_hot(h->expected_cps[c] * s->exposure_s) && s->counts[c] > 0.0;
	}
	h->calm_s = counting && !hot ? h->calm_s + span_s : 0.0;
	if (h->calm_s < CALM_S) { return; }
	for (uint32_t c = 0; c < channels; c++) {
		if (h->overload >> c & 1u && h->quiet[c] > EA_QUIET_MAX) {
			h->silent |= 1u << c;
			h->trouble_s[c] = t_s;
		}
	}
	h->overload = 0;
	h->calm_s = 0.0;
}

/* A record of so many seconds by itself keeps what was before it from the next vehicle: in dense traffic, two records
 * between two vehicles, there would be no health at all if three were held back. */
static void hold_back(ea_lane *lane, int radiation, double span_s, double t_s)
{
	ea_vitals *h = &lane->vitals[radiation];
	uint32_t most = span_s >= EA_PENDING ? 1u : EA_PENDING;
	while (h->held >= most) {
		ea_second oldest = h->pending[h->first];
		h->first = (h->first + 1) % EA_PENDING;
		h->held--;
		take(lane, radiation, &oldest, t_s);
	}
	h->pending[(h->first + h->held++) % EA_PENDING] = h->open;
}

void ea_health_second(ea_lane *lane, int radiation, double span_s, double t_s)
{
	ea_vitals *h = &lane->vitals[radiation];
	if (h->overload) { calm_down(h, &h->open, span_s, t_s, lane->ring[radiation].channels); }
	if (h->open.spoiled) { drop_pending(h); }
	else if (!h->open.doubted) { hold_back(lane, radiation, span_s, t_s); }
	memset(&h->open, 0, sizeof h->open);
}

static void pair(ea_vitals *h, uint32_t channels, const double *counts)
{
	for (uint32_t c = 0; c < channels; c++) {
		double d = h->half[0][c] - counts[c], sum = h->half[0][c] + counts[c];
		if (sum > 0.0) { h->open.scatter[c] += d * d / sum; }
	}
	h->open.pairs++;
	h->halves = 0.0;
}

/* h->half[0] is the half that is full, counts the other; the same exposure in both. */
static void half_full(ea_vitals *h, uint32_t channels, double exposure_s, const double *counts)
{
	if (h->halves > 0.0 && fabs(exposure_s - h->halves) < 1e-6) {
		pair(h, channels, counts);
		return;
	}
	memcpy(h->half[0], counts, channels * sizeof *counts);
	h->halves = exposure_s;
}

/* Halves of many samples: tubes. */
static void fill_half(ea_vitals *h, uint32_t channels, double interval_s, const double *counts)
{
	if (!(h->half_exposure_s > 0.0)) { memset(h->half[1], 0, sizeof h->half[1]); }
	for (uint32_t c = 0; c < channels; c++) { h->half[1][c] += counts[c]; }
	h->half_exposure_s += interval_s;
	if (h->half_exposure_s < h->half_s) { return; }
	half_full(h, channels, h->half_exposure_s, h->half[1]);
	h->half_exposure_s = 0.0;
}

void ea_health_add(ea_vitals *h, uint32_t channels, double interval_s, const double *counts, int taken)
{
	h->open.exposure_s += interval_s;
	h->open.spoiled |= !taken;
	for (uint32_t c = 0; c < channels; c++) { h->open.counts[c] += counts[c]; }
	h->open.doubted |= h->doubt != 0;
	if (!taken || h->doubt) { return; }
	if (h->half_s <= interval_s && !(h->half_exposure_s > 0.0)) { half_full(h, channels, interval_s, counts); }
	else { fill_half(h, channels, interval_s, counts); }
}
