#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: Chromium without a head: a page to a PDF, to a picture, to text
# packages: chromium python3
# part: all 5 180

. "$(dirname "$0")/../suite.sh"
need chromium

cat >page.html <<'END'
<!DOCTYPE html>
<title>tshm</title>
<h1>A page</h1>
<iframe srcdoc="&lt;p&gt;inside"></iframe>
<canvas id="c" width="100" height="100"></canvas>
<p id="p">before</p>
<script>
const c = document.getElementById('c').getContext('2d');
c.fillStyle = 'green';
c.fillRect(10, 10, 80, 80);
document.getElementById('p').textContent = 'the script says ' + 6 * 7 + ' ' + new Intl.NumberFormat('de').format(1e6);
</script>
END
browser() {
	timeout -k 5 50 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking \
		--hide-scrollbars --window-size=400,300 --user-data-dir="$PWD/profile" "$@" "file://$PWD/page.html"
}
pdf() {
	browser --no-pdf-header-footer --print-to-pdf="$PWD/page.pdf" >/dev/null || return
	/usr/bin/python3 -c 'import re; d = open("page.pdf", "rb").read(); print(d[:5], len(re.findall(rb"/Type */Page\b", d)), d.strip()[-5:])'
}
picture() {
	browser --screenshot="$PWD/page.png" >/dev/null || return
	md5sum <page.png
}
check version sh -c 'chromium --version | cut -d" " -f1'
check pdf pdf
check pdf-again pdf
check picture picture
check text browser --dump-dom
