/* The lane: checks what comes in, and brings background, rules and occupancy together. */
#include "ea_lane.h"

static int is_radiation(const ea_lane *lane, int radiation)
{
	return radiation == EA_GAMMA || (radiation == EA_NEUTRON && lane->settings.tubes > 0);
}

static int sample_status(const ea_lane *lane, int radiation, double t_s, double interval_s)
{
	const ea_stream *s = &lane->stream[radiation];
	if (!is_radiation(lane, radiation)) { return EA_BAD_SAMPLE; }
	if (!ea_in_range(interval_s, EA_INTERVAL_MIN_S, EA_INTERVAL_MAX_S)) { return EA_BAD_SAMPLE; }
	if (!ea_is_time(t_s) || (s->sampled && t_s < s->sample_s)) { return EA_BAD_TIME; }
	return EA_OK;
}

/* Sums are of contiguous samples: three missing intervals break them (0.25 s: jitter of stamps on a polled line). */
static int breaks_off(const ea_stream *s, double t_s, double interval_s)
{
	return s->sampled && t_s - s->sample_s > 3.0 * interval_s + 0.25;
}

/* What was before it is of another place, or another vehicle. */
static int is_hole(double last_s, double t_s, double interval_s)
{
	return t_s - last_s > fmax(3.0 * interval_s + 0.25, EA_HOLE_S);
}

static double served_counts(const ea_ring *r, const uint32_t *counts)
{
	double sum = 0.0;
	for (uint32_t c = 0; c < r->channels; c++) {
		if (r->mask >> c & 1u) { sum += counts[c]; }
	}
	return sum;
}

/* What the background learns, and the state of health looks at everything. */
static void learn(ea_lane *lane, int radiation, double t_s, double interval_s, const uint32_t *counts)
{
	ea_ring *r = &lane->ring[radiation];
	double as_double[EA_GAMMA_MAX];
	int taken = lane->beams.state == EA_VACANT && ea_ring_takes(r, t_s - interval_s, t_s);
	ea_health_sample(lane, radiation, t_s, interval_s, counts, taken);
	if (!taken || ea_health_holds(lane, radiation)) { return; }
	for (uint32_t c = 0; c < r->channels; c++) { as_double[c] = counts[c]; }
	ea_ring_add(r, t_s, interval_s, as_double);
}

static void look_ksigma(ea_lane *lane, double t_s, double interval_s, const uint32_t *counts, ea_score *out)
{
	ea_ring *r = &lane->ring[EA_GAMMA];
	if (breaks_off(&lane->stream[EA_GAMMA], t_s, interval_s)) { ea_window_clear(&lane->window); }
	ea_window_add(&lane->window, interval_s, counts, r->channels);
	if (lane->place_sd > 0.0) { return; }
	ea_ksigma_score(&lane->window, &r->fit, &lane->settings, r->mask, out);
}

/* Windows reach back to the beginning of the occupancy; in the vacant lane no further than the background does. */
static void look_focus(ea_lane *lane, ea_block sample, const ea_present *now, ea_score *out)
{
	const ea_ring *r = &lane->ring[EA_GAMMA];
	const ea_stream *s = &lane->stream[EA_GAMMA];
	int vacant = lane->beams.state == EA_VACANT;
	if (s->sampled && is_hole(s->sample_s, sample.start_s + sample.length_s, sample.length_s)) { ea_hull_clear(&lane->hull); }
	out->threshold = ea_focus_threshold(lane, sample.start_s + sample.length_s);
	out->mask = r->mask;
	out->armed = now->armed;
	if (!out->armed) {
		ea_hull_clear(&lane->hull);
		return;
	}
	ea_hull_add(&lane->hull, sample, vacant ? ea_oldest_vacant(lane, sample.start_s + sample.length_s) : -HUGE_VAL);
	ea_hull_score(&lane->hull, now->variance + lane->place_sd * lane->place_sd, out);
}

static void heed_gamma(ea_lane *lane, double t_s, double interval_s, const ea_block *sample, uint32_t crossed)
{
	ea_ring *r = &lane->ring[EA_GAMMA];
	if (ea_suspect(r, t_s, interval_s, sample->counts, sample->expected, crossed)) { ea_vacant_forget(lane, EA_GAMMA); }
}

int ea_gamma(ea_lane *lane, double t_s, double interval_s, const uint32_t *counts, ea_look *out)
{
	ea_ring *r = &lane->ring[EA_GAMMA];
	int status = sample_status(lane, EA_GAMMA, t_s, interval_s);
	ea_present now;
	ea_block sample;
	if (status) { return status; }
	memset(out, 0, sizeof *out);
	now = ea_ring_present(r, t_s);
	sample = (ea_block){served_counts(r, counts), now.rate_cps * interval_s, interval_s, t_s - interval_s};
	look_ksigma(lane, t_s, interval_s, counts, &out->rule[EA_RULE_KSIGMA]);
	look_focus(lane, sample, &now, &out->rule[EA_RULE_FOCUS]);
	ea_passage_add(lane, t_s, interval_s, counts);
	lane->stream[EA_GAMMA].sample_s = t_s;
	lane->stream[EA_GAMMA].sampled = 1;
	if (lane->beams.state == EA_VACANT && !ea_health_holds(lane, EA_GAMMA)) {
		heed_gamma(lane, t_s, interval_s, &sample, out->rule[EA_RULE_FOCUS].crossed);
	}
	learn(lane, EA_GAMMA, t_s, interval_s, counts);
	return EA_OK;
}

static void look_neutron(ea_lane *lane, double t_s, double interval_s, double counts, ea_score *out)
{
	const ea_ring *r = &lane->ring[EA_NEUTRON];
	const ea_fit *f = &r->fit;
	double mean = f->exposure_s > 0.0 ? (f->counts + 1.0) / f->exposure_s * interval_s : 0.0;
	if (breaks_off(&lane->stream[EA_NEUTRON], t_s, interval_s)) { lane->neutrons.filled = 0; }
	ea_passage_add_neutrons(lane, t_s, interval_s, ea_neutrons_add(&lane->neutrons, interval_s, counts, mean));
	out->threshold = ea_neutron_threshold(lane, t_s);
	out->mask = r->mask;
	out->armed = f->exposure_s > 0.0 && ea_ring_present(r, t_s).armed;
	if (out->armed) { ea_neutron_score(&lane->neutrons, f, ea_neutron_limit(lane, t_s), out); }
}

int ea_neutron(ea_lane *lane, double t_s, double interval_s, const uint32_t *counts, ea_look *out)
{
	ea_ring *r = &lane->ring[EA_NEUTRON];
	ea_score *score = &out->rule[EA_RULE_NEUTRON];
	int status = sample_status(lane, EA_NEUTRON, t_s, interval_s);
	double sum;
	if (status) { return status; }
	memset(out, 0, sizeof *out);
	sum = served_counts(r, counts);
	look_neutron(lane, t_s, interval_s, sum, score);
	lane->stream[EA_NEUTRON].sample_s = t_s;
	lane->stream[EA_NEUTRON].sampled = 1;
	if (lane->beams.state == EA_VACANT && !ea_health_holds(lane, EA_NEUTRON)) {
		(void)ea_suspect(r, t_s, interval_s, sum, ea_ring_present(r, t_s).rate_cps * interval_s, score->crossed);
	}
	learn(lane, EA_NEUTRON, t_s, interval_s, counts);
	return EA_OK;
}

static int are_rates(const ea_ring *r, const double *rate_cps)
{
	for (uint32_t c = 0; c < r->channels; c++) {
		if (!ea_in_range(rate_cps[c], 0.0, EA_RATE_MAX_CPS)) { return 0; }
	}
	return 1;
}

int ea_vacant_rate(ea_lane *lane, int radiation, double t_s, double exposure_s, const double *rate_cps, ea_look *out)
{
	double counts[EA_GAMMA_MAX] = {0};
	ea_ring *r;
	ea_stream *s;
	int taken;
	if (!is_radiation(lane, radiation)) { return EA_BAD_SAMPLE; }
	r = &lane->ring[radiation];
	s = &lane->stream[radiation];
	if (!ea_in_range(exposure_s, EA_INTERVAL_MIN_S, EA_INTERVAL_MAX_S) || !are_rates(r, rate_cps)) { return EA_BAD_SAMPLE; }
	if (!ea_is_time(t_s) || (s->rated && t_s < s->rate_s)) { return EA_BAD_TIME; }
	if (s->rated && is_hole(s->rate_s, t_s, exposure_s)) { ea_vacant_forget_rates(lane, radiation); }
	s->rate_s = t_s;
	s->rated = 1;
	/* the portal does not average over an occupancy, so only the end of the record has to be free of it */
	memset(out, 0, sizeof *out);
	taken = lane->beams.state == EA_VACANT && ea_ring_takes(r, t_s, t_s);
	for (uint32_t c = 0; c < r->channels; c++) { counts[c] = rate_cps[c] * exposure_s; }
	ea_health_rate(lane, radiation, t_s, exposure_s, counts, taken);
	if (lane->beams.state != EA_VACANT || t_s < r->free_s || t_s < ea_ring_newest(r)) { return EA_OK; }
	ea_vacant_judge(lane, radiation, t_s, exposure_s, counts, out);
	if (ea_ring_takes(r, t_s, t_s) && !ea_health_holds(lane, radiation)) { ea_ring_add(r, t_s, exposure_s, counts); }
	return EA_OK;
}

/* Windows of FOCuS neither reach back before an occupancy nor out of one. */
static int occupancy_changed(ea_lane *lane, double t_s, int change)
{
	if (change <= EA_NOTHING) { return change; }
	for (int radiation = EA_GAMMA; radiation <= EA_NEUTRON; radiation++) {
		ea_vacant_forget(lane, radiation);
		if (change & EA_ENDED) { ea_ring_end(&lane->ring[radiation], t_s); }
		if (change & EA_BEGAN) { ea_ring_begin(&lane->ring[radiation], t_s); }
	}
	if (change & EA_BEGAN) { ea_passage_begin(lane, t_s); }
	return change;
}

int ea_beam(ea_lane *lane, double t_s, int occupied)
{
	int held = lane->beams.state == EA_HOLD_IN, change = ea_beams_read(&lane->beams, t_s, occupied);
	if (held && change == EA_NOTHING && lane->beams.state == EA_OCCUPIED) { ea_passage_resumed(lane, t_s); }
	return occupancy_changed(lane, t_s, change);
}

int ea_clock(ea_lane *lane, double t_s)
{
	return occupancy_changed(lane, t_s, ea_beams_clock(&lane->beams, t_s));
}

int ea_occupancy(const ea_lane *lane)
{
	return (int)lane->beams.state;
}

int ea_in_service(ea_lane *lane, int radiation, uint32_t mask)
{
	ea_ring *r;
	if (!is_radiation(lane, radiation) || mask >> lane->ring[radiation].channels) { return EA_BAD_SAMPLE; }
	r = &lane->ring[radiation];
	if (mask == r->mask) { return EA_OK; }
	ea_ring_serve(r, mask);
	ea_vacant_forget(lane, radiation);
	if (radiation == EA_NEUTRON) {
		lane->neutrons.filled = 0;
		ea_passage_forget_neutrons(lane);
	}
	return EA_OK;
}

int ea_background_now(const ea_lane *lane, int radiation, double t_s, ea_background *out)
{
	const ea_ring *r;
	ea_present now;
	if (!is_radiation(lane, radiation)) { return EA_BAD_SAMPLE; }
	if (!ea_is_time(t_s)) { return EA_BAD_TIME; }
	r = &lane->ring[radiation];
	now = ea_ring_present(r, t_s);
	memset(out, 0, sizeof *out);
	if (!(r->fit.exposure_s > 0.0)) { return EA_OK; }
	for (uint32_t c = 0; c < r->channels; c++) {
		out->rate_cps[c] = r->fit.total[c] / r->fit.exposure_s * now.factor;
	}
	out->exposure_s = r->fit.exposure_s;
	out->age_s = now.age_s;
	out->relative_sd = sqrt(now.variance);
	out->slope_per_min = 60.0 * r->fit.slope_per_s;
	out->armed = now.armed;
	return EA_OK;
}

int ea_background_put(
	ea_lane *lane, int radiation, double t_s, double age_s, double exposure_s, const double *rate_cps)
{
	ea_ring *r;
	if (!is_radiation(lane, radiation)) { return EA_BAD_SAMPLE; }
	r = &lane->ring[radiation];
	if (!ea_is_time(t_s) || !ea_in_range(age_s, 0.0, EA_TIME_MAX_S)) { return EA_BAD_TIME; }
	if (!ea_in_range(exposure_s, EA_INTERVAL_MIN_S, EA_TIME_MAX_S) || !are_rates(r, rate_cps)) { return EA_BAD_SAMPLE; }
	if (r->bins) { return EA_BAD_STATE; }
	ea_ring_put(r, t_s - age_s, exposure_s, rate_cps);
	ea_health_put(lane, radiation, exposure_s, rate_cps);
	return EA_OK;
}

int ea_trouble_put(ea_lane *lane, int radiation, double t_s, uint32_t silent, uint32_t stuck)
{
	if (!is_radiation(lane, radiation) || (silent | stuck) >> lane->ring[radiation].channels) { return EA_BAD_SAMPLE; }
	if (!ea_is_time(t_s)) { return EA_BAD_TIME; }
	ea_health_fail(lane, radiation, t_s, silent, stuck);
	return EA_OK;
}

int ea_doubt(ea_lane *lane, int radiation, uint32_t mask)
{
	if (!is_radiation(lane, radiation) || mask >> lane->ring[radiation].channels) { return EA_BAD_SAMPLE; }
	lane->vitals[radiation].doubt = mask;
	return EA_OK;
}

int ea_tally_now(const ea_lane *lane, double t_s, ea_tally *out)
{
	if (!ea_is_time(t_s)) { return EA_BAD_TIME; }
	memset(out, 0, sizeof *out);
	for (int radiation = EA_GAMMA; radiation <= EA_NEUTRON; radiation++) {
		const ea_suspicion *s = &lane->ring[radiation].suspicion;
		out->suspect_s[radiation] = s->active ? fmax(0.0, t_s - s->since_s) : 0.0;
		out->suspect[radiation] = s->active;
		out->relearned[radiation] = s->relearned;
	}
	out->hull_blocks = lane->hull.blocks;
	out->hull_overflows = lane->hull.overflows;
	out->neutron_clips = lane->neutrons.clips + lane->rate_neutrons.clips;
	return EA_OK;
}
