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

int main(int argc, char **argv)
{
	struct gpu gpu = { .init = NULL };

	for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
		if (argc < 2) {
			puts(stories[i].name);
		} else if (strcmp(stories[i].name, argv[1]) == 0) {
			scenario_begin();
			caller_fill(&gpu);
			return stories[i].run(&gpu);
		}
	}
	if (argc < 2)
		return 0;
	fprintf(stderr, "no story %s\n", argv[1]);
	return 99;
}
