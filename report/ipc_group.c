/* SPDX-License-Identifier: MIT */
/* Facts about CUDA IPC by the places that they come from: what the ipc- rules share. */
#include <stdlib.h>

#include "check.h"

struct tshm_group *tshm_ipc_group(struct tshm_group **groups, const char *how, const struct tshm_ripc *item,
				  const struct tshm_image *im, uint32_t site, const struct tshm_image *other,
				  uint32_t other_site, uint64_t amount, uint64_t bytes)
{
	TSHM_AUTO_FREE char *here = tshm_site_key(im, site, true);
	TSHM_AUTO_FREE char *there = other ? tshm_site_key(other, other_site, true) : tshm_xstrdup("");
	TSHM_AUTO_FREE char *key = tshm_xasprintf("%s %s %s %s %s", how, im->exe, here, other ? other->exe : "", there);

	return tshm_group_add(groups, key, im, site, item, amount, bytes);
}

void tshm_ipc_finding(struct tshm_finding *f, const struct tshm_group *g, const struct tshm_handle *handle,
		      const struct tshm_image *other, uint32_t other_site, const char *title)
{
	f->count = g->amount ? g->amount : 1;
	f->bytes = g->bytes;
	f->image = g->image;
	f->site = g->site;
	f->handle = handle;
	if (other && other_site) {
		f->image2 = other;
		f->site2 = other_site;
		f->stack2_title = title;
	}
}

char *tshm_ipc_memory(uint64_t bytes, const char *how)
{
	return bytes ? tshm_xasprintf("CUDA memory (%s%s)", tshm_text_size(bytes).s, how) : tshm_xstrdup("CUDA memory");
}

void tshm_ipc_each_pair(const struct tshm_run *run, void (*f)(const struct tshm_ripc *, const struct tshm_ripc *,
							     struct tshm_group **), struct tshm_group **groups)
{
	for (size_t i = 0; i < run->handle_count; i++) {
		const struct tshm_handle *h = &run->handles[i];

		for (size_t k = 0; k < h->import_count; k++) {
			const struct tshm_ripc *import = h->imports[k], *export = import->exporter;

			if (export && export->image != import->image && export->r.count && tshm_ipc_was_opened(import))
				f(export, import, groups);
		}
	}
}
