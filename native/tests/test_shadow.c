/* The shadow test alone, under sanitizers: what needs the inside of a passage.  Exact numbers are compared in
 * tests/kernel (Python). */
#include <stdio.h>

#include "ea_work.h"

static struct ea_lane lane;
static struct ea_work work;
static ea_shadow_model model;
static int failures;

#define CHECK(what) check(!!(what), #what, __func__, __LINE__)

static void check(int holds, const char *what, const char *test, int line)
{
	if (holds) { return; }
	failures++;
	fprintf(stderr, "%s:%d: not so: %s\n", test, line, what);
}

static int near(double a, double b, double relative)
{
	return fabs(a - b) <= relative * fabs(b);
}

/* Two panels of 1000 counts/s, 5 m apart; a common background of 100 s that ended 1 s before t = 1000. */
static void begin(double hold_in_s)
{
	const double rates[] = {1000.0, 1000.0};
	ea_settings s = {
		.panels = 2, .background_s = 120.0, .neutron_background_s = 300.0, .guard_s = 2.0, .hold_in_s = hold_in_s,
		.arm_exposure_s = 4.0, .level_sd = 0.0015, .level_sd_per_min = 0.003, .slope_sd_per_min = 0.006,
		.focus_threshold = 5.1, .ksigma_n = 7.0, .ksigma_intervals = 5, .groups = 1, .group_mask = {3},
		.neutron_p = 1e-6, .glrt_threshold = 5.0, .before_s = 2.0, .after_s = 1.0, .focus_vacant_threshold = 5.1, .neutron_vacant_p = 1e-6, .stand_s = 10.0,
		.focus_window_s = 120.0, .suspect_s = 300.0,
	};
	CHECK(ea_lane_init(&lane, &s) == EA_OK);
	CHECK(ea_background_put(&lane, EA_GAMMA, 999.0, 1.0, 100.0, rates) == EA_OK);
}

/* 10 % deep shadows of any depth between the panels, 5 % sd. */
static void usual_model(void)
{
	memset(&model, 0, sizeof model);
	model.geometry = (ea_geometry){
		.panels = 2, .laterals = 3, .lateral_m = {0.0, 0.8, -0.8}, .source_height_m = 1.5, .across_m = {-2.5, 2.5},
		.height_m = {1.5, 1.5}, .response = {1.0, 1.0}, .longest_m = 26.0, .gap_m = 0.5,
	};
	model.edge_m[0] = 6.0;
	model.edge_m[1] = 9.0;
	for (uint32_t kind = 0; kind < EA_CLASSES; kind++) {
		model.learned[kind] = 2000;
		model.typical_m[kind] = 4.5 + 4.0 * kind;
		model.mean[kind][0] = model.mean[kind][EA_BASIS] = 0.1;
		for (uint32_t i = 0; i < 2 * EA_BASIS; i++) { model.covariance[kind][i * 2 * EA_BASIS + i] = 0.0025; }
	}
}

/* Counts without scatter: background, and from a source that passes the beam at at_s. */
static double feed(double t_s, double seconds, double source, double at_s)
{
	ea_look look;
	for (int i = (int)(seconds / 0.2 + 0.5); i > 0; i--) {
		uint32_t counts[2];
		double x = 2.0 * (t_s + 0.1 - at_s), more = 0.2 * source * 6.25 / (6.25 + x * x);
		counts[0] = counts[1] = (uint32_t)(200.0 + more);
		CHECK(ea_gamma(&lane, t_s += 0.2, 0.2, counts, &look) == EA_OK);
	}
	return t_s;
}

static ea_shadow shadow(void)
{
	ea_shadow out;
	CHECK(ea_passage_look(&lane, &model, &work, &out) == EA_OK);
	return out;
}

static void test_a_source_is_found_where_it_is(void)
{
	double t_s;
	ea_shadow seen;
	begin(0.0);
	usual_model();
	memset(model.mean, 0, sizeof model.mean);            /* as is the shadow below: the fit is then not biased */
	t_s = feed(1000.0, 3.0, 0.0, 0.0);
	CHECK(ea_beam(&lane, t_s, 1) == EA_BEGAN && ea_speed(&lane, t_s, 2.0) == EA_OK);
	t_s = feed(t_s, 2.4, 600.0, 1004.5);
	CHECK(ea_beam(&lane, t_s, 0) == EA_ENDED);
	(void)feed(t_s, 2.0, 600.0, 1004.5);
	seen = shadow();
	CHECK(seen.why == EA_SEEN && seen.armed && seen.crossed && seen.finished && seen.mask == 3);
	CHECK(seen.bins == 10 + 12 + 5 && near(seen.length_m, 4.8, 1e-9) && seen.length_class == 0);
	CHECK(fabs(seen.at_s - 1004.5) < 0.21 && fabs(seen.behind_m - 3.0) < 0.42 && seen.lateral_m == 0.0);
	CHECK(fabs(seen.source_cps - 1200.0) < 3.0 * seen.source_sd && seen.counts > seen.expected + 400.0);
}

static void test_a_picture_is_of_the_same_look(void)
{
	static ea_picture p;
	double t_s, source = 0.0, counts = 0.0, fitted = 0.0, flat = 0.0;
	begin(0.0);
	usual_model();
	CHECK(ea_passage_picture(&lane, &model, &work, &p) == EA_OK && p.why == EA_NO_PASSAGE && p.bins == 0);
	t_s = feed(1000.0, 3.0, 0.0, 0.0);
	CHECK(ea_beam(&lane, t_s, 1) == EA_BEGAN && ea_speed(&lane, t_s, 2.0) == EA_OK);
	t_s = feed(t_s, 2.4, 600.0, 1004.5);
	CHECK(ea_beam(&lane, t_s, 0) == EA_ENDED);
	(void)feed(t_s, 2.0, 600.0, 1004.5);
	CHECK(ea_passage_picture(&lane, &model, &work, &p) == EA_OK && p.why == EA_SEEN && p.bins == 27 && p.mask == 3);
	CHECK(p.seen.statistic == shadow().statistic && near(p.on_s, 1003.0, 1e-12) && near(p.off_s, 1005.4, 1e-12));
	for (uint32_t i = 0; i < p.bins; i++) {
		source += p.source[0][i] + p.source[1][i];
		counts += p.counts[0][i] + p.counts[1][i];
		fitted += p.shadowed[0][i] + p.shadowed[1][i] + p.source[0][i] + p.source[1][i];
		flat += p.background[0][i];
	}
	CHECK(near(fitted, counts, 0.01) && near(flat, 27.0 * 200.0, 0.01) && source > 500.0);
	model.covariance[0][0] = NAN;
	CHECK(ea_passage_picture(&lane, &model, &work, &p) == EA_BAD_MODEL && p.bins == 0);
}

static void test_no_source_is_none(void)
{
	double t_s;
	begin(0.0);
	usual_model();
	t_s = feed(1000.0, 3.0, 0.0, 0.0);
	CHECK(ea_beam(&lane, t_s, 1) == EA_BEGAN && ea_speed(&lane, t_s, 2.0) == EA_OK);
	t_s = feed(t_s, 1.2, 0.0, 0.0);
	CHECK(!shadow().crossed && !shadow().finished);
	t_s = feed(t_s, 1.2, 0.0, 0.0);
	CHECK(ea_beam(&lane, t_s, 0) == EA_ENDED);
	CHECK(shadow().why == EA_SEEN && shadow().statistic < 3.5 && shadow().source_cps < 2.5 * shadow().source_sd);
}

static void test_a_gap_is_one_passage_and_no_test(void)
{
	double t_s = 1003.0;
	begin(1.0);
	usual_model();
	CHECK(ea_beam(&lane, t_s, 1) == EA_BEGAN && ea_speed(&lane, t_s, 2.0) == EA_OK);
	t_s = feed(t_s, 2.0, 0.0, 0.0);
	CHECK(ea_beam(&lane, t_s, 0) == EA_NOTHING && shadow().finished && near(shadow().length_m, 4.0, 1e-9));
	t_s = feed(t_s, 0.6, 0.0, 0.0);
	CHECK(ea_beam(&lane, t_s, 1) == EA_NOTHING && !shadow().finished);
	t_s = feed(t_s, 2.0, 0.0, 0.0);
	CHECK(ea_beam(&lane, t_s, 0) == EA_NOTHING && ea_clock(&lane, t_s + 1.0) == EA_ENDED);
	CHECK(shadow().why == EA_INTERRUPTED);               /* 0.6 s of 2 m/s: two bodies, 1.2 m apart */
	model.geometry.gap_m = 1.3;
	CHECK(near(shadow().length_m, 9.2, 1e-9) && shadow().length_class == 2);
	model.geometry.gap_m = 0.0;
	CHECK(near(shadow().length_m, 9.2, 1e-9) && shadow().length_class == 2);
}

static void test_no_count_is_lost_in_merging(void)
{
	double t_s = 1000.0, sum = 0.0, exposure_s = 0.0;
	uint32_t counts[2] = {UINT32_MAX, 7};
	ea_look look;
	begin(0.0);
	CHECK(ea_beam(&lane, t_s, 1) == EA_BEGAN);
	for (int i = 0; i < 3001; i++) { CHECK(ea_gamma(&lane, t_s += 0.2, 0.2, counts, &look) == EA_OK); }
	CHECK(lane.passage.gamma.per_bin == 16 && lane.passage.gamma.bins == 188);
	for (uint32_t i = 0; i < EA_PASSAGE_BINS; i++) {
		sum += lane.passage.counts[i][0];
		exposure_s += lane.passage.gamma.exposure_s[i];
	}
	CHECK(sum == 3001.0 * 4294967295.0 && near(exposure_s, 600.2, 1e-12));
	CHECK(ea_gamma(&lane, 9e8, 0.2, counts, &look) == EA_OK);         /* 28 years later */
	CHECK(lane.passage.gamma.bins <= EA_PASSAGE_BINS && lane.passage.counts[0][0] == sum);
}

static void test_gaps_and_bursts_are_placed_by_their_time(void)
{
	uint32_t counts[2] = {200, 200};
	ea_look look;
	ea_design d;
	begin(0.0);
	usual_model();
	CHECK(ea_beam(&lane, 1000.0, 1) == EA_BEGAN && ea_speed(&lane, 1000.0, 1.0) == EA_OK);
	for (int i = 1; i <= 3; i++) { CHECK(ea_gamma(&lane, 1000.0 + 0.2 * i + 0.09 * (i % 2), 0.2, counts, &look) == EA_OK); }
	CHECK(ea_gamma(&lane, 1001.6, 0.2, counts, &look) == EA_OK);      /* four are missing */
	CHECK(ea_gamma(&lane, 1001.6, 0.2, counts, &look) == EA_OK);      /* and two came with one stamp */
	CHECK(ea_passage_design(&lane, &model.geometry, 5.0, &d) == EA_OK && d.why == EA_SEEN && d.bins == 4);
	CHECK(d.slot[2] == 2 && d.slot[3] == 7 && d.counts[1][3] == 400.0 && near(d.exposure_s[3], 0.4, 1e-12));
}

static void test_refusals_change_nothing(void)
{
	static struct ea_lane before;
	ea_shadow out;
	ea_design d;
	begin(0.0);
	usual_model();
	before = lane;
	CHECK(ea_speed(&lane, 1.0, 2.0) == EA_BAD_STATE && ea_speed(&lane, 1.0, 0.0) == EA_BAD_SAMPLE);
	CHECK(ea_speed(&lane, NAN, 2.0) == EA_BAD_TIME);
	CHECK(ea_model_check(&lane, &model, &work) == EA_OK);
	model.covariance[1][0] = -1.0;
	CHECK(ea_model_check(&lane, &model, &work) == EA_BAD_MODEL);
	model.covariance[1][0] = NAN;
	CHECK(ea_passage_look(&lane, &model, &work, &out) == EA_BAD_MODEL && !out.armed);
	model.geometry.laterals = EA_LATERALS + 1;
	CHECK(ea_passage_design(&lane, &model.geometry, 0.0, &d) == EA_BAD_MODEL);
	CHECK(memcmp(&before, &lane, sizeof lane) == 0);
}

static void test_damaged_passages_are_not_a_lane(void)
{
	static struct ea_lane good;
	ea_settings s;
	begin(0.0);
	(void)feed(1000.0, 3.0, 0.0, 0.0);
	CHECK(ea_beam(&lane, 1003.0, 1) == EA_BEGAN);
	good = lane;
	s = lane.settings;
	lane.passage.gamma.bins = EA_PASSAGE_BINS + 1; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.passage.gamma.per_bin = 0; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.passage.gamma.grid_s = NAN; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.passage.gamma.interval_s = 0.0; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.before.next = EA_BEFORE; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	CHECK(ea_lane_check(&lane, &s) == EA_OK);
}

int main(void)
{
	test_a_source_is_found_where_it_is();
	test_a_picture_is_of_the_same_look();
	test_no_source_is_none();
	test_a_gap_is_one_passage_and_no_test();
	test_no_count_is_lost_in_merging();
	test_gaps_and_bursts_are_placed_by_their_time();
	test_refusals_change_nothing();
	test_damaged_passages_are_not_a_lane();
	printf("test_shadow: %d failed\n", failures);
	return failures != 0;
}
