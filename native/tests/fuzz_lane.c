/* Any calls with any numbers: no crash, no undefined behaviour, no NaN out, and no change where it refuses.
 *
 * Bytes are read as: settings, then calls.  One target for libFuzzer (EA_LIBFUZZER) and for the plain driver:
 *   fuzz_lane SECONDS [FILE...]      files first, then seeded random bytes until the time is up
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ea_work.h"
#include "tests/fuzz_bytes.h"

static unsigned long accepted;       /* inputs whose settings made a lane; of the driver, not of the kernel */
static unsigned long statistics;     /* looks of the shadow test that had one */

static ea_settings take_settings(bytes *b)
{
	ea_settings s = {0};
	s.panels = take_byte(b) % 18u;
	s.tubes = take_byte(b) % 10u;
	s.background_s = take_number(b, 1.0, 400.0);
	s.neutron_background_s = take_number(b, 1.0, 2000.0);
	s.guard_s = take_number(b, 0.0, 5.0);
	s.hold_in_s = take_number(b, 0.0, 5.0);
	s.arm_exposure_s = take_number(b, 0.0, 1.0);
	s.neutron_arm_s = take_number(b, 0.0, 1.0);
	s.level_sd = take_number(b, 0.0, 0.01);
	s.level_sd_per_min = take_number(b, 0.0, 0.01);
	s.slope_sd_per_min = take_number(b, 0.0, 0.01);
	s.focus_threshold = take_number(b, 1.0, 10.0);
	s.ksigma_n = take_number(b, 1.0, 10.0);
	s.ksigma_intervals = take_byte(b) % 66u;          /* 0 and 65 are refused, as 0 and 25 groups are */
	s.groups = take_byte(b) % 26u;
	for (uint32_t g = 0; g < EA_GROUP_MAX; g++) {
		s.group_mask[g] = 1u + take_byte(b) % (s.panels < 8u ? (1u << s.panels) - 1u + !s.panels : 255u);
	}
	s.neutron_p = take_number(b, 1e-9, 0.1);
	s.glrt_threshold = take_byte(b) % 2 ? 0.0 : take_number(b, 0.1, 6.0);
	s.before_s = take_number(b, 0.0, 4.0);
	s.after_s = take_number(b, 0.0, 4.0);
	s.neutron_template_threshold = take_byte(b) % 2 ? 0.0 : take_number(b, 0.1, 6.0);
	s.begin_offset_s = take_number(b, -2.0, 2.0);
	s.end_offset_s = take_number(b, -2.0, 2.0);
	s.focus_vacant_threshold = take_number(b, 1.0, 10.0);
	s.neutron_vacant_p = take_number(b, 1e-9, 0.1);
	s.stand_s = take_number(b, 1.0, 60.0);
	s.focus_window_s = take_number(b, 0.0, 200.0);
	s.suspect_s = take_number(b, 1.0, 400.0);
	return s;
}

static void must(int holds, const char *what)
{
	if (holds) { return; }
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

#include "fuzz_passage.h"

static int checked(int status, const ea_look *look)
{
	for (int i = 0; i < EA_RULES && status == EA_OK; i++) {
		const ea_score *s = &look->rule[i];
		must(isfinite(s->statistic + s->window_s + s->expected + s->counts + s->expected_sd), "a score is not finite");
		must(s->crossed <= s->armed, "crossed, not armed");
	}
	return status;
}

static int call_sample(ea_lane *lane, bytes *b, double t_s, int gamma)
{
	uint32_t counts[EA_GAMMA_MAX];
	double interval_s = take_number(b, 0.05, 2.0);
	ea_look look;
	for (int c = 0; c < EA_GAMMA_MAX; c++) { counts[c] = take_count(b); }
	return checked((gamma ? ea_gamma : ea_neutron)(lane, t_s, interval_s, counts, &look), &look);
}

static int call_service(ea_lane *lane, bytes *b, double t_s)
{
	int radiation = take_byte(b) % 3;
	uint32_t mask = take_byte(b);
	uint8_t what = take_byte(b) % 5;
	if (what == 4) { return ea_doubt(lane, radiation, mask); }
	return what ? ea_in_service(lane, radiation, mask) : ea_trouble_put(lane, radiation, t_s, mask, take_byte(b));
}

static int call_rates(ea_lane *lane, bytes *b, double t_s, int put)
{
	double rates[EA_GAMMA_MAX], exposure_s = take_number(b, 0.1, 120.0);
	int radiation = take_byte(b) % 3;
	ea_look look;
	for (int c = 0; c < EA_GAMMA_MAX; c++) { rates[c] = take_number(b, 0.0, 2000.0); }
	if (put) { return ea_background_put(lane, radiation, t_s, take_number(b, 0.0, 100.0), exposure_s, rates); }
	return checked(ea_vacant_rate(lane, radiation, t_s, exposure_s, rates, &look), &look);
}

static void call_ratio(bytes *b)
{
	double counts[] = {take_number(b, 0.0, 1e4), take_number(b, 0.0, 1e4)}, vacant[] = {take_number(b, 0.0, 1e5), 3.0};
	ea_ratio out;
	if (ea_window_ratio(counts, vacant, take_number(b, 0.0, 0.1), 3.0, &out) == EA_OK) {
		must(isfinite(out.z + out.share + out.vacant_share) && out.side <= EA_HARDER, "a ratio is not finite");
	}
}

static int call_background(const ea_lane *lane, bytes *b, double t_s)
{
	ea_background out;
	ea_tally tally;
	call_ratio(b);
	int status = ea_background_now(lane, take_byte(b) % 3, t_s, &out);
	if (status == EA_OK) {
		must(isfinite(out.relative_sd + out.age_s) && isfinite(out.rate_cps[0]), "background not finite");
		must(out.exposure_s >= 0.0 && out.rate_cps[0] >= 0.0, "background below zero");
	}
	(void)ea_tally_now(lane, t_s, &tally);
	return status;
}

static int call_health(ea_lane *lane, bytes *b, double t_s)
{
	ea_health out;
	int radiation = take_byte(b) % 3, status = ea_health_look(lane, radiation, t_s, take_byte(b) % 2, &out);
	uint32_t channels = radiation == EA_GAMMA ? lane->settings.panels : lane->settings.tubes;
	if (status != EA_OK) { return status; }
	must(!((out.silent | out.stuck | out.noisy | out.smooth | out.low | out.high | out.overload) >> channels), "a fault of none");
	for (uint32_t c = 0; c < channels; c++) {
		must(isfinite(out.rate_cps[c]) && isfinite(out.scatter[c]) && isfinite(out.quiet[c]), "health is not finite");
		must(isfinite(out.evidence_low[c]) && isfinite(out.evidence_high[c]), "evidence is not finite");
	}
	return status;
}

static ea_geometry take_geometry(bytes *b, uint32_t panels)
{
	ea_geometry g = {.panels = panels + (take_byte(b) == 0), .laterals = take_byte(b) % 6u};
	for (uint32_t i = 0; i < EA_LATERALS; i++) { g.lateral_m[i] = take_number(b, -3.0, 3.0); }
	for (uint32_t c = 0; c < EA_GAMMA_MAX; c++) {
		g.along_m[c] = take_byte(b) % 2 ? 0.0 : take_number(b, -3.0, 3.0);
		g.across_m[c] = take_number(b, -5.0, 5.0);
		g.height_m[c] = take_number(b, 0.0, 5.0);
		g.response[c] = take_number(b, 0.0, 2.0);
	}
	g.source_height_m = take_number(b, 0.0, 3.0);
	g.assumed_mps = take_byte(b) % 2 ? 0.0 : take_number(b, 0.1, 10.0);
	g.longest_m = take_number(b, 1.0, 100.0);
	g.gap_m = take_number(b, 0.0, 5.0);
	return g;
}

/* Covariances: mostly outer products and diagonals, sometimes anything. */
static void take_model(bytes *b, uint32_t panels, ea_shadow_model *m)
{
	uint32_t n = EA_BASIS * panels;
	memset(m, 0, sizeof *m);
	m->geometry = take_geometry(b, panels);
	m->edge_m[0] = take_number(b, 0.0, 6.0);
	m->edge_m[1] = take_number(b, 6.0, 12.0);
	for (uint32_t kind = 0; kind < EA_CLASSES; kind++) {
		m->typical_m[kind] = take_number(b, 1.0, 20.0);
		m->learned[kind] = take_byte(b) % 4;
		for (uint32_t i = 0; i < n; i++) { m->mean[kind][i] = take_number(b, -0.3, 0.3); }
		for (uint32_t i = 0; i < n * n; i++) {
			m->covariance[kind][i] = m->mean[kind][i / n] * m->mean[kind][i % n] + (i / n == i % n ? 0.01 : 0.0);
		}
		m->covariance[kind][take_byte(b)] += take_byte(b) % 2 ? 0.0 : take_number(b, -1.0, 1.0);
	}
}

static int call_shadow(const ea_lane *lane, bytes *b)
{
	static struct ea_work work;
	static ea_shadow_model model;
	static ea_design design;
	static ea_picture picture;
	ea_neutron_source neutrons;
	ea_shadow out;
	int status;
	take_model(b, lane->settings.panels, &model);
	if (take_byte(b) % 2 && ea_model_check(lane, &model, &work)) { return EA_BAD_MODEL; }
	status = ea_passage_look(lane, &model, &work, &out);
	if (status == EA_OK) { check_shadow(&out); }
	statistics += status == EA_OK && !out.why;
	must(ea_passage_picture(lane, &model, &work, &picture) == status, "a picture where there is no look, or none where there is");
	if (status == EA_OK) { check_picture(&picture, &out); }
	if (ea_neutron_look(lane, &model.geometry, &neutrons) == EA_OK) {
		must(isfinite(neutrons.statistic) && isfinite(neutrons.expected), "a neutron look is not finite");
		must(neutrons.crossed <= neutrons.armed && neutrons.statistic >= 0.0, "a neutron look below zero");
	}
	return ea_passage_design(lane, &model.geometry, take_number(b, 0.0, 20.0), &design) && status;
}

static int call_one(ea_lane *lane, bytes *b, double t_s)
{
	switch (take_byte(b) % 12) {
	case 0: case 1: case 2: return call_sample(lane, b, t_s, 1);
	case 3: return call_sample(lane, b, t_s, 0);
	case 4: return call_rates(lane, b, t_s, 0);
	case 5: return call_rates(lane, b, t_s, 1);
	case 6: return ea_beam(lane, t_s, take_byte(b) % 3);
	case 7: return take_byte(b) % 8 ? ea_clock(lane, t_s) : call_service(lane, b, t_s);
	case 11: return take_byte(b) % 8 ? call_background(lane, b, t_s) : ea_relearn(lane, t_s, take_number(b, 0.0, 0.2));
	case 8: return call_shadow(lane, b);
	case 9: return ea_speed(lane, t_s, take_number(b, 0.05, 10.0));
	case 10: return call_health(lane, b, t_s);
	default: return call_background(lane, b, t_s);
	}
}

/* Damaged saved bytes are refused or at least harmless. */
static void damage(const ea_lane *lane, const ea_settings *s, bytes *b)
{
	static struct ea_lane copy;
	uint32_t at;
	double t_s = 0.0;
	memcpy(&copy, lane, sizeof copy);
	for (int i = take_byte(b) % 4; i >= 0; i--) {
		take(b, &at, sizeof at);
		((uint8_t *)&copy)[at % sizeof copy] = take_byte(b);
	}
	if (ea_lane_check(&copy, s) != EA_OK) { return; }
	for (int i = 0; i < 20; i++) {
		uint32_t counts[EA_GAMMA_MAX] = {3};
		ea_look look;
		t_s += 1e6;
		(void)ea_beam(&copy, t_s, i & 1);
		(void)ea_gamma(&copy, t_s, 1.0, counts, &look);
		(void)ea_neutron(&copy, t_s, 1.0, counts, &look);
		if (i % 10 == 5) { (void)call_shadow(&copy, b); }
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ea_lane lane, before;
	bytes b = {data, size};
	ea_settings s = take_settings(&b);
	double t_s = 0.0;
	if (ea_lane_init(&lane, &s) != EA_OK) { return 0; }
	accepted++;
	while (b.left) {
		double next_s = t_s + take_number(&b, 0.0, 4.0);
		memcpy(&before, &lane, sizeof lane);
		if (call_one(&lane, &b, next_s) < 0) {
			must(memcmp(&before, &lane, sizeof lane) == 0, "refused, but changed something");
		} else if (next_s < 1e8) {
			t_s = next_s;
		}
	}
	must(ea_lane_check(&lane, &s) == EA_OK, "a lane it made itself does not check");
	b = (bytes){data, size};
	damage(&lane, &s, &b);
	return 0;
}

#ifndef EA_LIBFUZZER
static uint8_t data[16384];

static void run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	must(f != NULL, path);
	(void)LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof data, f));
	(void)fclose(f);
}

static void fill_random(uint64_t *seed)
{
	for (size_t i = 0; i < sizeof data; i++) {
		*seed ^= *seed << 13;
		*seed ^= *seed >> 7;
		*seed ^= *seed << 17;
		data[i] = (uint8_t)(*seed >> 32);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, runs = 0;
	clock_t end = clock() + (clock_t)(argc > 1 ? atoi(argv[1]) : 10) * CLOCKS_PER_SEC;
	for (int i = 2; i < argc; i++) { run_file(argv[i]); }
	for (; clock() < end; runs++) {
		fill_random(&seed);
		data[0] = (uint8_t)(1 + data[0] % 4);        /* small settings that are accepted, in most runs */
		(void)LLVMFuzzerTestOneInput(data, runs % 3 ? sizeof data : runs % sizeof data);
	}
	printf("fuzz_lane: %llu inputs, %lu lanes, %lu shadow tests, nothing found\n", (unsigned long long)runs, accepted,
		statistics);
	return 0;
}
#endif
