/* Clean Poisson passages through the kernel, for false alarms per passage and for its cost.  Not part of the module.
 *
 *   simulate focus   PASSAGES EXPOSURE_S EVERY_S STAND_S DRIFT_SD_PER_MIN RATE_CPS SOURCE_CPS
 *   simulate neutron PASSAGES STAND_S INTERVAL_S RATE_CPS SOURCE_CPS
 *   simulate vacant  HOURS RATE_CPS THRESHOLD
 *   simulate rates   DAYS RATE_CPS NEUTRON_CPS SHOWERS_PER_S
 *   simulate cost    SAMPLES
 * EXPOSURE_S of vacancy in records of 1 s each EVERY_S; the source passes at 8 km/h, 2.5 m from the pillars.
 * Prints "name value" lines; seeded, so the same arguments give the same lines (but for cost).
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chance.h"
#include "ea_lane.h"

static ea_settings usual(void)
{
	return (ea_settings){
		.panels = 4, .tubes = 2, .background_s = 120.0, .neutron_background_s = 300.0, .guard_s = 2.0,
		.arm_exposure_s = 4.0, .neutron_arm_s = 10.0, .level_sd = 0.0015, .level_sd_per_min = 0.003,
		.slope_sd_per_min = 0.006, .focus_threshold = 5.1, .ksigma_n = 7.0, .ksigma_intervals = 5, .groups = 9,
		.group_mask = {15, 3, 12, 5, 10, 1, 2, 4, 8}, .neutron_p = 1e-6,
		.focus_vacant_threshold = 5.1, .neutron_vacant_p = 1e-6, .stand_s = 10.0,
		.focus_window_s = 120.0, .suspect_s = 300.0,
	};
}

static void draw(uint32_t *counts, uint32_t channels, double mean_of_sum)
{
	for (uint32_t c = 0; c < channels; c++) { counts[c] = poisson(mean_of_sum / channels); }
}

/* A share of a test's passages above each threshold. */
typedef struct { double edge[8]; double above[8]; double passages; } shares;

static void shares_add(shares *t, double most)
{
	t->passages += 1.0;
	for (int i = 0; i < 8; i++) { t->above[i] += t->edge[i] > 0.0 && most >= t->edge[i]; }
}

static void shares_print(const shares *t, const char *name)
{
	for (int i = 0; i < 8 && t->edge[i] > 0.0; i++) {
		printf("%s_%g %.3g\n", name, t->edge[i], t->above[i] / t->passages);
	}
}

/* 1/r^2 beside its largest value, passing the pillars in the middle of the stand (2.2 m/s = 8 km/h). */
static double shape(double t_s, double stand_s)
{
	double x = 2.2 * (t_s - 0.5 * stand_s) / 2.5;
	return 1.0 / (1.0 + x * x);
}

/* fixed: the largest statistic.  growing: less what the threshold has grown by, h^2 on h^2, so that a share of it above
 * an edge is what a lane with that threshold alarms of. */
typedef struct { double fixed, growing; } largest;

static void look_gamma(ea_lane *lane, double t_s, double mean, largest *most)
{
	uint32_t counts[EA_GAMMA_MAX];
	double grown, t;
	ea_look look;
	draw(counts, 4, mean);
	(void)ea_gamma(lane, t_s, 0.2, counts, &look);
	t = look.rule[EA_RULE_FOCUS].statistic;
	grown = look.rule[EA_RULE_FOCUS].threshold * look.rule[EA_RULE_FOCUS].threshold
		- lane->settings.focus_threshold * lane->settings.focus_threshold;
	most->fixed = fmax(most->fixed, t);
	most->growing = fmax(most->growing, sqrt(fmax(0.0, t * t - grown)));
}

/* The drift is a straight line through vacancy and passage, its slope normal with the given sd. */
static largest focus_passage(
	ea_lane *lane, double exposure_s, double every_s, double stand_s, double slope, double rate, double source)
{
	ea_settings s = usual();
	largest most = {0.0, 0.0};
	double t = 0.0, rates[4], begin_s = exposure_s * every_s;
	ea_look ignored;
	(void)ea_lane_init(lane, &s);
	for (t = every_s; t <= begin_s + 1e-9; t += every_s) {
		for (int c = 0; c < 4; c++) { rates[c] = poisson(rate / 4.0 * (1.0 + slope * t)); }
		(void)ea_vacant_rate(lane, EA_GAMMA, t, 1.0, rates, &ignored);
	}
	(void)ea_beam(lane, begin_s + s.guard_s, 1);
	for (int i = 1; i <= (int)(stand_s / 0.2 + 0.5); i++) {
		t = begin_s + s.guard_s + 0.2 * i;
		look_gamma(lane, t, 0.2 * (rate * (1.0 + slope * t) + source * shape(0.2 * i - 0.1, stand_s)), &most);
	}
	return most;
}

static void run_focus(ea_lane *lane, char **a)
{
	shares t = {{4.0, 4.3, 4.6, 4.8, 5.1, 5.4, 0}, {0}, 0}, growing = t;
	for (long i = 0; i < atol(a[0]); i++) {
		double slope = normal() * atof(a[4]) / 60.0;
		largest most = focus_passage(lane, atof(a[1]), atof(a[2]), atof(a[3]), slope, atof(a[5]), atof(a[6]));
		shares_add(&t, most.fixed);
		shares_add(&growing, most.growing);
	}
	shares_print(&t, "focus");
	shares_print(&growing, "growing");
}

static double neutron_passage(ea_lane *lane, double stand_s, double interval_s, double rate, double source, int bursts)
{
	ea_settings s = usual();
	double most = 0.0;
	ea_look ignored;
	(void)ea_lane_init(lane, &s);
	for (int i = 1; i <= 302; i++) {
		double rates[2] = {poisson(rate / 2.0), poisson(rate / 2.0)};
		(void)ea_vacant_rate(lane, EA_NEUTRON, i, 1.0, rates, &ignored);
	}
	(void)ea_beam(lane, 304.0, 1);
	for (int i = 1; i <= (int)(stand_s / interval_s + 0.5); i++) {
		uint32_t counts[EA_GAMMA_MAX];
		ea_look look;
		draw(counts, 2, interval_s * (rate + source * shape((i - 0.5) * interval_s, stand_s)));
		if (bursts && uniform() < 0.01 * interval_s) {                     /* mean size 4, geometric */
			do { counts[0]++; } while (uniform() < 0.75);
		}
		(void)ea_neutron(lane, 304.0 + interval_s * i, interval_s, counts, &look);
		most = fmax(most, look.rule[EA_RULE_NEUTRON].statistic);
	}
	return most;
}

static void run_neutron(ea_lane *lane, char **a)
{
	shares t = {{0}, {0}, 0}, burst = {{0}, {0}, 0};
	const double p[8] = {1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7, 3e-8};
	for (int i = 0; i < 8; i++) { t.edge[i] = burst.edge[i] = ea_normal_quantile(log(p[i])); }
	for (long i = 0; i < atol(a[0]); i++) {
		shares_add(&t, neutron_passage(lane, atof(a[1]), atof(a[2]), atof(a[3]), atof(a[4]), 0));
		shares_add(&burst, neutron_passage(lane, atof(a[1]), atof(a[2]), atof(a[3]), atof(a[4]), 1));
	}
	for (int i = 0; i < 8; i++) {
		printf("p_%g %.3g with_showers %.3g\n", p[i], t.above[i] / t.passages, burst.above[i] / burst.passages);
	}
}

/* Crossings at the edges; each must have been below it for a minute, as a lane latches its alarms. */
typedef struct { double edge[6], last_s[6], crossings[6]; } crossings;

static void crossings_add(crossings *c, double t_s, double statistic)
{
	for (int i = 0; i < 6; i++) {
		if (statistic < c->edge[i]) { continue; }
		c->crossings[i] += t_s - c->last_s[i] > 60.0;
		c->last_s[i] = t_s;
	}
}

static void crossings_print(const crossings *c, const char *name, double days)
{
	for (int i = 0; i < 6; i++) { printf("%s_%g_per_30_days %.3g\n", name, c->edge[i], 30.0 * c->crossings[i] / days); }
}

/* Vacant rates of 1 s each 5 s, gamma and two neutron tubes; the thresholds are out of reach, nothing freezes. */
static void run_rates(ea_lane *lane, char **a)
{
	ea_settings s = usual();
	double days = atof(a[0]), showers = atof(a[3]), rates[4];
	crossings gamma = {{4.3, 4.6, 4.8, 5.1, 5.4, 5.6}, {0}, {0}}, neutron = {{4.0, 4.42, 4.75, 4.89, 5.07, 5.2}, {0}, {0}};
	s.focus_vacant_threshold = 100.0;
	s.neutron_vacant_p = 1e-200;
	(void)ea_lane_init(lane, &s);
	for (long i = 1; i <= (long)(days * 17280.0); i++) {
		double t_s = 5.0 * (double)i;
		ea_look look;
		for (int c = 0; c < 4; c++) { rates[c] = poisson(atof(a[1]) / 4.0); }
		(void)ea_vacant_rate(lane, EA_GAMMA, t_s, 1.0, rates, &look);
		crossings_add(&gamma, t_s, look.rule[EA_RULE_FOCUS].statistic);
		for (int c = 0; c < 2; c++) { rates[c] = poisson(atof(a[2]) / 2.0); }
		if (uniform() < showers) {
			do { rates[0] += 1.0; } while (uniform() < 0.75);
		}
		(void)ea_vacant_rate(lane, EA_NEUTRON, t_s, 1.0, rates, &look);
		crossings_add(&neutron, t_s, look.rule[EA_RULE_NEUTRON].statistic);
	}
	crossings_print(&gamma, "rates_focus", days);
	crossings_print(&neutron, "rates_neutron", days);
}

static void run_vacant(ea_lane *lane, char **a)
{
	ea_settings s = usual();
	double hours = atof(a[0]), alarms = 0.0, frozen = 0.0;
	uint32_t counts[EA_GAMMA_MAX], before = 0;
	ea_tally tally;
	ea_look look;
	s.focus_vacant_threshold = atof(a[2]);
	(void)ea_lane_init(lane, &s);
	for (long i = 1; i <= (long)(hours * 18000.0); i++) {
		draw(counts, 4, 0.2 * atof(a[1]));
		(void)ea_gamma(lane, 0.2 * (double)i, 0.2, counts, &look);
		(void)ea_tally_now(lane, 0.2 * (double)i, &tally);
		alarms += tally.suspect[0] > before;
		frozen += tally.suspect[0];
		before = tally.suspect[0];
	}
	printf("crossings_per_day %.3g\nfrozen_share %.3g\nrelearned %u\n", alarms / hours * 24.0,
		frozen / (hours * 18000.0), tally.relearned[0]);
}

static double now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static uint32_t drawn[4096][EA_GAMMA_MAX];

static double cost(ea_lane *lane, int radiation, double t_s, long samples)
{
	double begin_ns;
	ea_look look;
	for (int i = 0; i < 4096; i++) { draw(drawn[i], 4, radiation == EA_GAMMA ? 800.0 : 0.8); }
	begin_ns = now_ns();
	for (long i = 0; i < samples; i++) {
		t_s += 0.2;
		(void)(radiation == EA_GAMMA ? ea_gamma : ea_neutron)(lane, t_s, 0.2, drawn[i & 4095], &look);
	}
	return (now_ns() - begin_ns) / (double)samples;
}

static void run_cost(ea_lane *lane, char **a)
{
	ea_settings s = usual();
	long n = atol(a[0]);
	(void)ea_lane_init(lane, &s);
	printf("gamma_vacant_ns %.0f\n", cost(lane, EA_GAMMA, 0.0, n));
	printf("neutron_vacant_ns %.0f\n", cost(lane, EA_NEUTRON, 0.0, n));
	(void)ea_beam(lane, 0.2 * (double)n + 10.0, 1);
	printf("gamma_standing_ns %.0f\n", cost(lane, EA_GAMMA, 0.2 * (double)n + 10.0, n));
	printf("neutron_standing_ns %.0f\n", cost(lane, EA_NEUTRON, 0.2 * (double)n + 10.0, n));
	lane->settings.stand_s = 1e9;               /* a passage that never becomes a stand */
	printf("gamma_occupied_ns %.0f\n", cost(lane, EA_GAMMA, 0.4 * (double)n + 20.0, n));
	printf("neutron_occupied_ns %.0f\n", cost(lane, EA_NEUTRON, 0.4 * (double)n + 20.0, n));
	printf("lane_bytes %zu\n", ea_lane_size());
}

int main(int argc, char **argv)
{
	static struct ea_lane lane;
	const struct { const char *name; int arguments; void (*run)(ea_lane *, char **); } modes[] = {
		{"focus", 7, run_focus}, {"neutron", 5, run_neutron}, {"vacant", 3, run_vacant}, {"rates", 4, run_rates}, {"cost", 1, run_cost},
	};
	for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof modes[0]; i++) {
		if (strcmp(argv[1], modes[i].name) || argc != 2 + modes[i].arguments) { continue; }
		modes[i].run(&lane, argv + 2);
		return 0;
	}
	fprintf(stderr, "how to call it stands at the head of native/simulate.c\n");
	return 2;
}
