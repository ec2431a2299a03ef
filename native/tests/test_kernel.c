/* The kernel alone, under sanitizers: contract, limits, and the recoveries that take long.  Exact numbers are
 * compared in tests/kernel (Python); here are those that need the inside of a lane. */
#include <stdio.h>

#include "ea_lane.h"

static struct ea_lane lane;
static ea_look ignored;
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

static ea_settings usual(void)
{
	return (ea_settings){
		.panels = 2, .tubes = 1, .background_s = 120.0, .neutron_background_s = 300.0, .guard_s = 2.0,
		.arm_exposure_s = 4.0, .neutron_arm_s = 10.0, .level_sd = 0.0015, .level_sd_per_min = 0.003,
		.slope_sd_per_min = 0.006, .focus_threshold = 5.1, .ksigma_n = 7.0, .ksigma_intervals = 5, .groups = 1,
		.group_mask = {3}, .neutron_p = 1e-6, .focus_vacant_threshold = 5.1, .neutron_vacant_p = 1e-6, .stand_s = 10.0,
		.focus_window_s = 120.0, .suspect_s = 300.0,
	};
}

static void begin(ea_settings s)
{
	CHECK(ea_lane_init(&lane, &s) == EA_OK);
}

/* Constant counts until t_s; returns the last look. */
static ea_look feed(double *t_s, double until_s, uint32_t each)
{
	uint32_t counts[2] = {each, each};
	ea_look look = {0};
	while (*t_s < until_s - 0.1) {
		*t_s += 0.2;
		CHECK(ea_gamma(&lane, *t_s, 0.2, counts, &look) == EA_OK);
	}
	return look;
}

static void refuses(ea_settings s)
{
	CHECK(ea_lane_init(&lane, &s) == EA_BAD_SETTINGS);
}

static void test_settings_out_of_range_are_refused(void)
{
	ea_settings s;
	s = usual(); s.panels = 0; refuses(s);
	s = usual(); s.panels = EA_GAMMA_MAX + 1; refuses(s);
	s = usual(); s.tubes = EA_NEUTRON_MAX + 1; refuses(s);
	s = usual(); s.background_s = NAN; refuses(s);
	s = usual(); s.background_s = HUGE_VAL; refuses(s);
	s = usual(); s.arm_exposure_s = 121.0; refuses(s);     /* could never arm */
	s = usual(); s.guard_s = -1.0; refuses(s);
	s = usual(); s.ksigma_intervals = 65; refuses(s);
	s = usual(); s.groups = 0; refuses(s);
	s = usual(); s.group_mask[0] = 4; refuses(s);          /* a panel that is not there */
	s = usual(); s.neutron_p = 0.0; refuses(s);
}

static void test_samples_that_cannot_be_are_refused_and_change_nothing(void)
{
	static struct ea_lane before;
	uint32_t counts[2] = {1, 1};
	double rates[2] = {1.0, NAN};
	double t_s = 0.0;
	ea_look look;
	begin(usual());
	(void)feed(&t_s, 10.0, 100);
	memcpy(&before, &lane, sizeof lane);
	CHECK(ea_gamma(&lane, 9.0, 0.2, counts, &look) == EA_BAD_TIME);
	CHECK(ea_gamma(&lane, NAN, 0.2, counts, &look) == EA_BAD_TIME);
	CHECK(ea_gamma(&lane, 1e10, 0.2, counts, &look) == EA_BAD_TIME);
	CHECK(ea_gamma(&lane, 11.0, -0.2, counts, &look) == EA_BAD_SAMPLE);
	CHECK(ea_gamma(&lane, 11.0, 0.0, counts, &look) == EA_BAD_SAMPLE);
	CHECK(ea_gamma(&lane, 11.0, HUGE_VAL, counts, &look) == EA_BAD_SAMPLE);
	CHECK(ea_vacant_rate(&lane, EA_GAMMA, 11.0, 1.0, rates, &ignored) == EA_BAD_SAMPLE);
	rates[1] = -1.0;
	CHECK(ea_vacant_rate(&lane, EA_GAMMA, 11.0, 1.0, rates, &ignored) == EA_BAD_SAMPLE);
	CHECK(ea_vacant_rate(&lane, 2, 11.0, 1.0, rates, &ignored) == EA_BAD_SAMPLE);
	CHECK(ea_in_service(&lane, EA_GAMMA, 4) == EA_BAD_SAMPLE);
	rates[1] = 1.0;
	CHECK(ea_background_put(&lane, EA_GAMMA, 11.0, 1.0, 60.0, rates) == EA_BAD_STATE);
	CHECK(memcmp(&before, &lane, sizeof lane) == 0);
}

static void test_bins_of_any_period_hold_the_background_length(void)
{
	const double periods[] = {0.05, 0.2, 0.3, 0.6, 1.0, 1.7, 2.0};
	uint32_t counts[2] = {100, 100};
	ea_look look;
	for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
		double t_s = 0.0;
		begin(usual());
		while (t_s < 400.0) { (void)ea_gamma(&lane, t_s += periods[i], periods[i], counts, &look); }
		CHECK(lane.ring[EA_GAMMA].fit.exposure_s > 117.0 && lane.ring[EA_GAMMA].fit.exposure_s <= 120.001);
		CHECK(lane.ring[EA_GAMMA].bins < 160);
	}
}

static void test_a_sparse_rate_gives_the_exposure_given(void)
{
	double rates[2] = {500.0, 500.0};
	ea_background now;
	begin(usual());
	for (int i = 1; i <= 100; i++) { CHECK(ea_vacant_rate(&lane, EA_GAMMA, 5.0 * i, 1.0, rates, &ignored) == EA_OK); }
	CHECK(ea_beam(&lane, 503.0, 1) == EA_BEGAN);
	CHECK(ea_background_now(&lane, EA_GAMMA, 503.0, &now) == EA_OK);
	CHECK(near(now.exposure_s, 24.0, 1e-12));
	CHECK(near(now.age_s, 3.0, 1e-12));
}

static void test_first_vacant_value_arms_only_ksigma(void)
{
	uint32_t counts[2] = {200, 200};
	double rates[2] = {500.0, 500.0};
	ea_look look = {0};
	begin(usual());
	CHECK(ea_vacant_rate(&lane, EA_GAMMA, 1.0, 1.0, rates, &ignored) == EA_OK);
	CHECK(ea_beam(&lane, 1.5, 1) == EA_BEGAN);
	for (int i = 0; i < 5; i++) { CHECK(ea_gamma(&lane, 1.7 + 0.2 * i, 0.2, counts, &look) == EA_OK); }
	CHECK(look.rule[EA_RULE_KSIGMA].crossed && near(look.rule[EA_RULE_KSIGMA].expected, 1000.0, 1e-12));
	CHECK(!look.rule[EA_RULE_FOCUS].armed && look.rule[EA_RULE_FOCUS].statistic == 0.0);
}

static void test_a_parked_source_does_not_become_the_background(void)
{
	double t_s = 0.0;
	ea_tally tally;
	begin(usual());
	(void)feed(&t_s, 150.0, 100);
	CHECK(feed(&t_s, 155.0, 150).rule[EA_RULE_FOCUS].crossed);
	CHECK(feed(&t_s, 400.0, 150).rule[EA_RULE_FOCUS].crossed);
	CHECK(near(ea_ring_present(&lane.ring[EA_GAMMA], t_s).rate_cps, 1000.0, 1e-6));
	CHECK(ea_tally_now(&lane, t_s, &tally) == EA_OK && tally.suspect[EA_GAMMA] && tally.suspect_s[EA_GAMMA] > 240.0);
	CHECK(!feed(&t_s, 420.0, 100).rule[EA_RULE_FOCUS].crossed);       /* it left: calm after five seconds */
	CHECK(ea_tally_now(&lane, t_s, &tally) == EA_OK && !tally.suspect[EA_GAMMA] && !tally.relearned[EA_GAMMA]);
}

static void test_a_lasting_rise_is_learned_anew_and_counted(void)
{
	double t_s = 0.0;
	ea_tally tally;
	begin(usual());
	(void)feed(&t_s, 150.0, 100);
	(void)feed(&t_s, 451.0, 150);
	CHECK(ea_tally_now(&lane, t_s, &tally) == EA_OK && tally.relearned[EA_GAMMA] == 1 && !tally.suspect[EA_GAMMA]);
	CHECK(!feed(&t_s, 453.0, 150).rule[EA_RULE_FOCUS].armed);         /* and says so */
	CHECK(feed(&t_s, 470.0, 150).rule[EA_RULE_FOCUS].armed);
	CHECK(near(ea_ring_present(&lane.ring[EA_GAMMA], t_s).rate_cps, 1500.0, 1e-6));
	CHECK(!feed(&t_s, 800.0, 150).rule[EA_RULE_FOCUS].crossed);
}

static void test_suspicion_goes_on_through_occupancies(void)
{
	double t_s = 0.0;
	ea_tally tally;
	begin(usual());
	(void)feed(&t_s, 150.0, 100);
	(void)feed(&t_s, 155.0, 150);
	for (int i = 0; i < 40; i++) {
		CHECK(ea_beam(&lane, t_s, 1) == EA_BEGAN);
		(void)feed(&t_s, t_s + 5.0, 150);
		CHECK(ea_beam(&lane, t_s, 0) == EA_ENDED);
		(void)feed(&t_s, t_s + 4.0, 150);
	}
	CHECK(ea_tally_now(&lane, t_s, &tally) == EA_OK && tally.relearned[EA_GAMMA] == 1);
}

static void test_a_gap_empties_the_ksigma_sum(void)
{
	uint32_t counts[2] = {500, 500};
	double t_s = 0.0;
	ea_look look;
	begin(usual());
	(void)feed(&t_s, 60.0, 100);
	CHECK(ea_gamma(&lane, t_s + 0.6, 0.2, counts, &look) == EA_OK);   /* two samples lost: still a sum */
	CHECK(look.rule[EA_RULE_KSIGMA].window_s > 0.0);
	CHECK(ea_gamma(&lane, t_s + 2.0, 0.2, counts, &look) == EA_OK);
	CHECK(look.rule[EA_RULE_KSIGMA].armed && look.rule[EA_RULE_KSIGMA].window_s == 0.0);
	CHECK(lane.window.filled == 1);
}

static void test_a_channel_out_of_service_leaves_every_sum(void)
{
	uint32_t counts[2] = {100, 4000000};
	double t_s = 0.0;
	ea_look look = {0};
	begin(usual());
	(void)feed(&t_s, 60.0, 100);
	CHECK(ea_beam(&lane, t_s, 1) == EA_BEGAN);
	CHECK(ea_in_service(&lane, EA_GAMMA, 1) == EA_OK);
	for (int i = 1; i <= 10; i++) { CHECK(ea_gamma(&lane, t_s + 0.2 * i, 0.2, counts, &look) == EA_OK); }
	CHECK(look.rule[EA_RULE_KSIGMA].mask == 1 && look.rule[EA_RULE_FOCUS].mask == 1);
	CHECK(look.rule[EA_RULE_KSIGMA].statistic == 0.0 && look.rule[EA_RULE_FOCUS].statistic == 0.0);
	CHECK(ea_in_service(&lane, EA_GAMMA, 0) == EA_OK);
	CHECK(ea_gamma(&lane, t_s + 2.2, 0.2, counts, &look) == EA_OK);
	CHECK(!look.rule[EA_RULE_KSIGMA].armed && !look.rule[EA_RULE_FOCUS].armed);
}

static void test_sums_of_the_largest_counts(void)
{
	uint32_t counts[2] = {UINT32_MAX, UINT32_MAX};
	ea_look look = {0};
	double t_s = 0.0;
	begin(usual());
	(void)feed(&t_s, 60.0, 1);
	CHECK(ea_beam(&lane, t_s, 1) == EA_BEGAN);
	for (int i = 1; i <= 1000; i++) { CHECK(ea_gamma(&lane, t_s + 0.2 * i, 0.2, counts, &look) == EA_OK); }
	CHECK(look.rule[EA_RULE_KSIGMA].counts == 10.0 * 4294967295.0);
	CHECK(look.rule[EA_RULE_FOCUS].counts == 2000.0 * 4294967295.0);
	CHECK(isfinite(look.rule[EA_RULE_FOCUS].statistic));
}

static void test_small_and_large_tails(void)
{
	CHECK(near(ea_log_binomial_tail(1.0, 0.0, 1.0), log(0.5), 1e-13));
	CHECK(near(ea_log_binomial_tail(3.0, 0.0, 0.01), 3.0 * log(0.01 / 1.01), 1e-13));
	CHECK(isfinite(ea_log_binomial_tail(4e12, 1e6, 0.01)) && isfinite(ea_log_binomial_tail(2e12, 1e14, 0.01)));
	CHECK(near(ea_normal_quantile(log(1e-6)), 4.753424308822899, 1e-13));      /* Python statistics.NormalDist */
	CHECK(near(ea_normal_quantile(-5000.0), 99.94, 1e-3) && ea_normal_quantile(0.0) == 0.0);
	CHECK(near(ea_normal_quantile(-453.3), ea_normal_quantile(-453.3000001), 1e-8));   /* z = 30: series meets erfc */
	CHECK(ea_neutron_clip(0.4, 0.2) == 4 && ea_neutron_clip(2.0, 1.0) == 10);          /* detection.md 2: 3 at 2 cps */
}

static void test_a_copy_goes_on_to_the_bit(void)
{
	static struct ea_lane copy, saved;
	ea_settings s = usual();
	double t_s = 0.0, again_s;
	begin(s);
	(void)feed(&t_s, 100.0, 100);
	memcpy(&saved, &lane, sizeof lane);
	again_s = t_s;
	(void)feed(&t_s, 200.0, 103);
	memcpy(&copy, &lane, sizeof lane);
	memcpy(&lane, &saved, sizeof lane);
	CHECK(ea_lane_check(&lane, &s) == EA_OK);
	(void)feed(&again_s, 200.0, 103);
	CHECK(memcmp(&copy, &lane, sizeof lane) == 0);
	s.focus_threshold = 5.0;
	CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE);
}

static void test_damaged_bytes_are_not_a_lane(void)
{
	static struct ea_lane good;
	ea_settings s = usual();
	begin(s);
	good = lane;
	lane.hull.blocks = EA_HULL + 1; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.ring[0].bins = EA_BINS + 1; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.ring[1].used = 1; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.ring[1].channels = 9; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.window.next = 5; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.neutrons.next = EA_NEUTRON_RING; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	lane.mark ^= 1; CHECK(ea_lane_check(&lane, &s) == EA_BAD_STATE); lane = good;
	CHECK(ea_lane_check(&lane, &s) == EA_OK);
}

int main(void)
{
	test_settings_out_of_range_are_refused();
	test_samples_that_cannot_be_are_refused_and_change_nothing();
	test_bins_of_any_period_hold_the_background_length();
	test_a_sparse_rate_gives_the_exposure_given();
	test_first_vacant_value_arms_only_ksigma();
	test_a_parked_source_does_not_become_the_background();
	test_a_lasting_rise_is_learned_anew_and_counted();
	test_suspicion_goes_on_through_occupancies();
	test_a_gap_empties_the_ksigma_sum();
	test_a_channel_out_of_service_leaves_every_sum();
	test_sums_of_the_largest_counts();
	test_small_and_large_tails();
	test_a_copy_goes_on_to_the_bit();
	test_damaged_bytes_are_not_a_lane();
	printf("test_kernel: %d failed\n", failures);
	return failures != 0;
}
