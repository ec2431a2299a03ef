/* Neutron passages through the kernel, for the false alarms of its two neutron rules together and what they see.
 *
 *   simulate_neutron PASSAGES STAND_S INTERVAL_S RATE_CPS SOURCE_CPS SHOWERS SEED
 * One line a passage: the template's statistic at its end, the largest of its looks before (each second, as
 * judgement/portal.py looks), and the largest of the exact binomial.  302 s of vacancy; the source passes at 8 km/h in the middle of the
 * stand, 2.6 m from both tubes.  SHOWERS a second: mean size 4, geometric, one sample (assumed, as in
 * benchmarks/detection/neutrons.py).   Not part of the module.
 */
#include <stdio.h>
#include <stdlib.h>

#include "chance.h"
#include "ea_lane.h"

#define SPEED_MPS 2.2222
#define ASIDE_M 2.6
#define VACANT_S 302
#define BEGIN_S 304.0

typedef struct { double stand_s, interval_s, rate_cps, source_cps, showers_per_s; } scene;

static const ea_geometry PLACE = {
	.panels = 2, .laterals = 1, .source_height_m = 1.5, .across_m = {-2.5, 2.5}, .height_m = {0.786, 0.786},
	.response = {1.0, 1.0}, .assumed_mps = SPEED_MPS, .longest_m = 26.0,
};

static ea_settings usual(void)
{
	return (ea_settings){
		.panels = 2, .tubes = 2, .background_s = 120.0, .neutron_background_s = 300.0, .guard_s = 2.0,
		.arm_exposure_s = 4.0, .neutron_arm_s = 10.0, .level_sd = 0.0015, .level_sd_per_min = 0.003,
		.slope_sd_per_min = 0.006, .focus_threshold = 5.1, .ksigma_n = 7.0, .ksigma_intervals = 5, .groups = 1,
		.group_mask = {3}, .neutron_p = 1e-6,
		.focus_vacant_threshold = 5.1, .neutron_vacant_p = 1e-6, .stand_s = 10.0,
		.focus_window_s = 120.0, .suspect_s = 300.0, .before_s = 2.0, .after_s = 2.0,
	};
}

static void draw(const scene *s, double t_s, uint32_t *counts)
{
	double x = SPEED_MPS * (t_s - 0.5 * s->interval_s - 0.5 * s->stand_s) / ASIDE_M;
	double mean = s->interval_s * (s->rate_cps + s->source_cps / (1.0 + x * x));
	for (int c = 0; c < 2; c++) { counts[c] = poisson(0.5 * mean); }
	if (s->showers_per_s > 0.0 && uniform() < s->showers_per_s * s->interval_s) {
		do { counts[0]++; } while (uniform() < 0.75);
	}
}

static double look(const ea_lane *lane)
{
	ea_neutron_source seen;
	(void)ea_neutron_look(lane, &PLACE, &seen);
	return seen.statistic;
}

static void passage(ea_lane *lane, const scene *s)
{
	ea_settings settings = usual();
	ea_look ignored;
	double template = 0.0, windows = 0.0, next_s = 0.0;
	int bins = (int)(s->stand_s / s->interval_s + 0.5);
	(void)ea_lane_init(lane, &settings);
	for (int i = 1; i <= VACANT_S; i++) {
		double rates[2] = {poisson(s->rate_cps / 2.0), poisson(s->rate_cps / 2.0)};
		(void)ea_vacant_rate(lane, EA_NEUTRON, i, 1.0, rates, &ignored);
	}
	(void)ea_beam(lane, BEGIN_S, 1);
	(void)ea_speed(lane, BEGIN_S, SPEED_MPS);
	for (int i = 1; i <= bins; i++) {
		uint32_t counts[EA_GAMMA_MAX];
		double t_s = i * s->interval_s;
		ea_look out;
		draw(s, t_s, counts);
		(void)ea_neutron(lane, BEGIN_S + t_s, s->interval_s, counts, &out);
		windows = fmax(windows, out.rule[EA_RULE_NEUTRON].statistic);
		if (i < bins && t_s >= next_s - 1e-6) {
			template = fmax(template, look(lane));
			next_s = t_s + 1.0;
		}
	}
	(void)ea_beam(lane, BEGIN_S + bins * s->interval_s, 0);
	printf("%.4f %.4f %.4f\n", look(lane), template, windows);
}

int main(int argc, char **argv)
{
	static struct ea_lane lane;
	scene s;
	if (argc != 8) {
		fprintf(stderr, "how to call it stands at the head of native/simulate_neutron.c\n");
		return 2;
	}
	s = (scene){atof(argv[2]), atof(argv[3]), atof(argv[4]), atof(argv[5]), atof(argv[6])};
	seed += (uint64_t)atol(argv[7]) * 7919u;
	for (long i = 0; i < atol(argv[1]); i++) { passage(&lane, &s); }
	return 0;
}
