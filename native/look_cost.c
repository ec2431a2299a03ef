/* What one look of the shadow test costs, by panels, bins of the passage, and vehicle in the beam or gone.
 *
 *   look_cost REPEATS
 * Prints "name value" lines, open: the vehicle still in the beam.  At most 2.2 m/s (8 km/h) and 20 m,
 * three lateral positions.  Not part of the module.
 */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ea_work.h"

static struct ea_lane lane;
static struct ea_work work;
static ea_shadow_model model;

static double now_us(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void geometry(uint32_t panels)
{
	ea_geometry *g = &model.geometry;
	*g = (ea_geometry){
		.panels = panels, .laterals = 3, .lateral_m = {0.0, 0.8, -0.8}, .source_height_m = 1.5, .longest_m = 26.0, .gap_m = 0.5,
	};
	for (uint32_t c = 0; c < panels; c++) {
		g->across_m[c] = c % 2 ? 2.5 : -2.5;
		g->height_m[c] = 0.7 + 0.3 * (c / 2);
		g->response[c] = 1.0;
	}
}

/* Any covariance costs the same: 10 % depths, half of it common to all panels. */
static void classes(uint32_t panels)
{
	uint32_t n = EA_BASIS * panels;
	model.edge_m[0] = 6.0;
	model.edge_m[1] = 9.0;
	for (uint32_t kind = 0; kind < EA_CLASSES; kind++) {
		model.typical_m[kind] = 4.5 + 4.0 * kind;
		model.learned[kind] = 2000;
		for (uint32_t i = 0; i < n * n; i++) {
			uint32_t row = i / n, column = i % n;
			model.covariance[kind][i] = row % EA_BASIS == column % EA_BASIS ? (row == column ? 0.01 : 0.005) : 0.0;
		}
	}
}

static ea_settings usual(uint32_t panels)
{
	return (ea_settings){
		.panels = panels, .tubes = 2, .background_s = 120.0, .neutron_background_s = 300.0, .guard_s = 2.0, .arm_exposure_s = 4.0,
		.level_sd = 0.0015, .level_sd_per_min = 0.003, .slope_sd_per_min = 0.006, .focus_threshold = 5.1,
		.ksigma_n = 7.0, .ksigma_intervals = 5, .groups = 1, .group_mask = {1}, .neutron_p = 1e-6,
		.focus_vacant_threshold = 5.1, .neutron_vacant_p = 1e-6, .stand_s = 10.0,
		.focus_window_s = 120.0, .suspect_s = 300.0,
		.glrt_threshold = 4.5, .before_s = 2.0, .after_s = 2.0,
	};
}

static void drive(uint32_t panels, uint32_t bins, double interval_s)
{
	ea_settings s = usual(panels);
	double rates[EA_GAMMA_MAX], neutron_rates[] = {1.0, 1.0}, t_s = 100.0;
	uint32_t counts[EA_GAMMA_MAX];
	ea_look look;
	for (uint32_t c = 0; c < panels; c++) { rates[c] = 1000.0; }
	(void)ea_lane_init(&lane, &s);
	(void)ea_background_put(&lane, EA_GAMMA, t_s, 2.0, 120.0, rates);
	(void)ea_background_put(&lane, EA_NEUTRON, t_s, 2.0, 300.0, neutron_rates);
	(void)ea_beam(&lane, t_s, 1);
	(void)ea_speed(&lane, t_s, fmin(2.2, 20.0 / (bins * interval_s)));
	for (uint32_t i = 0; i < bins; i++) {
		for (uint32_t c = 0; c < panels; c++) { counts[c] = (uint32_t)(interval_s * 1000.0) + (i * 7 + c * 3) % 13; }
		(void)ea_gamma(&lane, t_s += interval_s, interval_s, counts, &look);
		counts[0] = i % 5 == 0;
		counts[1] = i % 7 == 0;
		(void)ea_neutron(&lane, t_s, interval_s, counts, &look);
	}
}

static double cost_us(long repeats)
{
	double begin_us = now_us(), sum = 0.0;
	ea_shadow seen;
	for (long i = 0; i < repeats; i++) {
		(void)ea_passage_look(&lane, &model, &work, &seen);
		sum += seen.statistic;
	}
	if (seen.why || !isfinite(sum)) { fprintf(stderr, "no statistic: %u\n", seen.why); }
	return (now_us() - begin_us) / (double)repeats;
}

static double neutron_cost_us(long repeats)
{
	double begin_us = now_us();
	ea_neutron_source seen;
	for (long i = 0; i < repeats; i++) { (void)ea_neutron_look(&lane, &model.geometry, &seen); }
	if (seen.why) { fprintf(stderr, "no neutron statistic: %u\n", seen.why); }
	return (now_us() - begin_us) / (double)repeats;
}

int main(int argc, char **argv)
{
	static const struct { uint32_t panels, bins; double interval_s; } rows[] = {
		{4, 25, 0.2}, {4, 60, 0.2}, {4, 128, 0.05}, {4, 256, 0.05}, {4, 256, 0.2}, {16, 25, 0.2}, {16, 256, 0.05},
	};
	long repeats = argc > 1 ? atol(argv[1]) : 200;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint32_t panels = rows[i].panels, bins = rows[i].bins;
		geometry(panels);
		classes(panels);
		drive(panels, bins, rows[i].interval_s);
		printf("look_%u_panels_%u_bins_of_%g_s_open_us %.0f\n", panels, bins, rows[i].interval_s, cost_us(repeats));
		(void)ea_beam(&lane, lane.stream[EA_GAMMA].sample_s, 0);
		printf("look_%u_panels_%u_bins_of_%g_s_ended_us %.0f\n", panels, bins, rows[i].interval_s, cost_us(repeats));
	}
	geometry(4);
	drive(4, 25, 0.2);
	printf("neutron_look_25_bins_us %.0f\n", neutron_cost_us(repeats));
	drive(4, 256, 0.05);
	printf("neutron_look_256_bins_us %.0f\n", neutron_cost_us(repeats));
	printf("work_bytes %zu\nmodel_bytes %zu\n", sizeof work, sizeof model);
	return 0;
}
