/* The vacant lane and the long stand: thresholds that keep their false alarms, and a test on vacant rates.
 *
 * A rule looks at each sample anew, so the chance that it crosses grows with the time it looks: a threshold made for
 * a passage of stand_s (FOCuS at 5.1: 4.4e-5 in 10 s) gives 14 times as many in a stand of 180 s and one a lane and
 * three days in the vacant lane.  Measured, crossings come at a steady rate per second and fall with the threshold h
 * like exp(-h^2/2), with p for neutrons (simulate focus, vacant; docs/decisions/0006).  So
 *   - in a stand, u seconds after its begin, a crossing has to be (u / stand_s)^2 times rarer: h^2 + 4 ln(u / stand_s).
 *     Added up for ever that is as many again as in the first stand_s: however long it stands, twice the budget;
 *   - the vacant lane has thresholds of its own, from a rate a month instead of one per passage.
 * The compatibility rule keeps its N.
 *
 * Vacant rates (GB, NB: one a few seconds) are judged as samples of the exposure they stand for are, by the same
 * FOCuS and the same exact windows, against the same background with its error; windows run over the records.
 */
#include "ea_lane.h"

/* ln of how much rarer a crossing has to be in a passage that has lasted so long. */
double ea_rarer(const ea_settings *s, double stood_s)
{
	return stood_s > s->stand_s ? 2.0 * log(stood_s / s->stand_s) : 0.0;
}

double ea_stand_rarer(const ea_lane *lane, double t_s)
{
	return lane->beams.state == EA_VACANT ? 0.0 : ea_rarer(&lane->settings, t_s - lane->passage.begin_s);
}

double ea_focus_threshold(const ea_lane *lane, double t_s)
{
	double h = lane->settings.focus_threshold, rarer = ea_stand_rarer(lane, t_s);
	if (lane->beams.state == EA_VACANT) { return lane->settings.focus_vacant_threshold; }
	return rarer > 0.0 ? sqrt(h * h + 2.0 * rarer) : h;
}

/* ln of the p value below which a neutron look alarms. */
double ea_neutron_limit(const ea_lane *lane, double t_s)
{
	if (lane->beams.state == EA_VACANT) { return lane->neutron_vacant_log_p; }
	return lane->neutron_log_p - ea_stand_rarer(lane, t_s);
}

/* The same as a normal quantile, in sigmas; five Newton steps only where a stand moves it. */
double ea_neutron_threshold(const ea_lane *lane, double t_s)
{
	if (lane->beams.state == EA_VACANT) { return lane->neutron_vacant_threshold; }
	return ea_stand_rarer(lane, t_s) > 0.0 ? ea_normal_quantile(ea_neutron_limit(lane, t_s)) : lane->neutron_threshold;
}

/* Windows of the vacant lane reach no further back than this. */
double ea_oldest_vacant(const ea_lane *lane, double t_s)
{
	return t_s - fmin(lane->settings.focus_window_s, lane->settings.background_s);
}

static void judge_gamma(ea_lane *lane, double t_s, double exposure_s, double counts, ea_score *out)
{
	ea_ring *r = &lane->ring[EA_GAMMA];
	ea_present now = ea_ring_present(r, t_s);
	ea_block record = {counts, now.rate_cps * exposure_s, exposure_s, t_s - exposure_s};
	out->threshold = ea_focus_threshold(lane, t_s);
	out->mask = r->mask;
	out->armed = now.armed;
	if (!now.armed) {
		ea_hull_clear(&lane->rate_hull);
		return;
	}
	ea_hull_add(&lane->rate_hull, record, ea_oldest_vacant(lane, t_s));
	ea_hull_score(&lane->rate_hull, now.variance + lane->place_sd * lane->place_sd, out);
	if (ea_suspect(r, t_s, exposure_s, counts, record.expected, out->crossed)) { ea_vacant_forget(lane, EA_GAMMA); }
}

static void judge_neutron(ea_lane *lane, double t_s, double exposure_s, double counts, ea_score *out)
{
	ea_ring *r = &lane->ring[EA_NEUTRON];
	ea_present now = ea_ring_present(r, t_s);
	double mean = r->fit.exposure_s > 0.0 ? (r->fit.counts + 1.0) / r->fit.exposure_s * exposure_s : 0.0;
	(void)ea_neutrons_add(&lane->rate_neutrons, exposure_s, counts, mean);
	out->threshold = ea_neutron_threshold(lane, t_s);
	out->mask = r->mask;
	out->armed = now.armed;
	if (!now.armed) { return; }
	ea_neutron_score(&lane->rate_neutrons, &r->fit, ea_neutron_limit(lane, t_s), out);
	if (ea_suspect(r, t_s, exposure_s, counts, now.rate_cps * exposure_s, out->crossed)) { ea_vacant_forget(lane, EA_NEUTRON); }
}

/* A rate of the vacant lane, as counts of exposure_s ending at t_s, before the background may take it. */
void ea_vacant_judge(ea_lane *lane, int radiation, double t_s, double exposure_s, const double *counts, ea_look *out)
{
	double sum = ea_ring_served(&lane->ring[radiation], counts);
	if (radiation == EA_GAMMA) { judge_gamma(lane, t_s, exposure_s, sum, &out->rule[EA_RULE_FOCUS]); }
	if (radiation == EA_NEUTRON) { judge_neutron(lane, t_s, exposure_s, sum, &out->rule[EA_RULE_NEUTRON]); }
}

/* Records gathered so far must not stand in later windows. */
void ea_vacant_forget_rates(ea_lane *lane, int radiation)
{
	if (radiation == EA_GAMMA) { ea_hull_clear(&lane->rate_hull); }
	if (radiation == EA_NEUTRON) { lane->rate_neutrons.filled = 0; }
}

/* The same, and gamma samples neither. */
void ea_vacant_forget(ea_lane *lane, int radiation)
{
	ea_vacant_forget_rates(lane, radiation);
	if (radiation == EA_GAMMA) { ea_hull_clear(&lane->hull); }
}

int ea_relearn(ea_lane *lane, double t_s, double place_sd)
{
	if (!ea_is_time(t_s)) { return EA_BAD_TIME; }
	if (!ea_in_range(place_sd, 0.0, 1.0)) { return EA_BAD_SETTINGS; }
	if (lane->beams.state != EA_VACANT) { return EA_BAD_STATE; }
	for (int radiation = EA_GAMMA; radiation <= EA_NEUTRON; radiation++) {
		ea_ring *r = &lane->ring[radiation];
		ea_ring_clear(r);
		r->suspicion.active = 0;
		r->free_s = r->since_s = t_s;
		ea_vacant_forget(lane, radiation);
	}
	ea_window_clear(&lane->window);
	lane->neutrons.filled = 0;
	lane->place_sd = place_sd;
	return EA_OK;
}
