/* SPDX-License-Identifier: MIT */
/* stories-CALLER [STORY]: tells it; without one, lists them. */
#include "../scenarios/scenario.h"
#include "stories.h"

static const struct {
	const char *name;
	int (*run)(const struct gpu *);
} stories[] = {
#define STORY(name) { #name, story_##name },
#include "stories.def"
#undef STORY
};

struct story_counts *story_counts;

/* Calls of memory and memory handles by the runtime or the driver: EXPECT-CUDA in tests/compare-findings.py. */
static int tell(int (*run)(const struct gpu *), const struct gpu *gpu)
{
	int status;

	story_counts = mmap(NULL, sizeof(*story_counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (story_counts == MAP_FAILED)
		die("mmap");
	status = run(gpu);
	printf("EXPECT-CUDA %u %u %u %u %u\n", story_counts->allocated, story_counts->freed, story_counts->exported,
	       story_counts->opened, story_counts->closed);
	munmap(story_counts, sizeof(*story_counts));
	return status;
}

int main(int argc, char **argv)
{
	struct gpu gpu = { .init = NULL };

	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
		if (argc < 2) {
			puts(stories[i].name);
		} else if (strcmp(stories[i].name, argv[1]) == 0) {
			scenario_begin();
			caller_fill(&gpu);
			return tell(stories[i].run, &gpu);
		}
	}
	if (argc < 2)
		return 0;
	fprintf(stderr, "no story %s\n", argv[1]);
	return 99;
}
