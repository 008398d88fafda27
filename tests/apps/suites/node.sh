#!/bin/bash
# SPDX-License-Identifier: MIT
# suite: Node: an HTTP echo, a cluster that shares a listener, worker threads, handles sent to children
# packages: nodejs
# part: all 8 60 ci

. "$(dirname "$0")/../suite.sh"
need node

# A client and a server in one process, or in a cluster of two.
cat >echo.js <<'END'
const http = require('http');
const cluster = require('cluster');
const crypto = require('crypto');

const server = () => http.createServer((request, response) => {
	response.writeHead(200, {'x-method': request.method});
	request.pipe(response);
});

function ask(port, body) {
	return new Promise((resolve, reject) => {
		const request = http.request({port, host: '127.0.0.1', method: 'POST', agent}, response => {
			const parts = [];
			response.on('data', part => parts.push(part));
			response.on('end', () => resolve(Buffer.concat(parts)));
		});
		request.on('error', reject);
		request.end(body);
	});
}
const agent = new http.Agent({keepAlive: true, maxSockets: 8});

async function load(port) {
	const sum = crypto.createHash('md5');
	for (let round = 0; round < 50; round++) {
		const bodies = Array.from({length: 8}, (_, i) => Buffer.alloc(1 + round * 200 * i, 'a' + i));
		const answers = await Promise.all(bodies.map(body => ask(port, body)));
		answers.forEach((answer, i) => { if (!answer.equals(bodies[i])) throw new Error('other answer'); sum.update(answer); });
	}
	agent.destroy();
	console.log('echoed', sum.digest('hex'));
}

if (process.argv[2] === 'single') {
	const one = server().listen(0, '127.0.0.1', () => load(one.address().port).then(() => one.close()));
} else if (cluster.isPrimary) {
	let ready = 0;
	for (let i = 0; i < 2; i++) cluster.fork();
	cluster.on('listening', (worker, address) => {
		if (++ready === 2) load(address.port).then(() => cluster.disconnect(() => console.log('disconnected')));
	});
} else {
	server().listen(0, '127.0.0.1');
}
END
cat >threads.js <<'END'
const {Worker, isMainThread, workerData, parentPort} = require('worker_threads');
if (isMainThread) {
	const shared = new SharedArrayBuffer(8);
	let left = 4;
	for (let i = 0; i < 4; i++)
		new Worker(__filename, {workerData: shared}).on('exit', () => {
			if (--left === 0) console.log('sum', new Int32Array(shared)[0]);
		});
} else {
	for (let i = 0; i < 1000; i++) Atomics.add(new Int32Array(workerData), 0, 1);
}
END
# A connection is accepted here and sent to a child, which answers.
cat >handles.js <<'END'
const net = require('net');
const {fork} = require('child_process');
if (process.argv[2] === 'child') {
	process.on('message', (message, socket) => socket.end('child says ' + message));
} else {
	const child = fork(__filename, ['child']);
	let count = 0;
	const server = net.createServer({pauseOnConnect: true}, socket => child.send(count++, socket));
	server.listen(0, '127.0.0.1', async () => {
		for (let i = 0; i < 30; i++)
			await new Promise(resolve => net.connect(server.address().port, '127.0.0.1')
				.on('data', data => { if (i % 10 === 0) console.log(String(data)); }).on('end', resolve));
		server.close();
		child.disconnect();
	});
}
END
cat >files.js <<'END'
const fs = require('fs');
const {execFileSync, spawnSync} = require('child_process');
const {promisify} = require('util');
(async () => {
	await Promise.all(Array.from({length: 100}, (_, i) => fs.promises.writeFile('f' + i, String(i * i))));
	const read = await Promise.all(Array.from({length: 100}, (_, i) => fs.promises.readFile('f' + i, 'utf8')));
	console.log(read.reduce((sum, text) => sum + Number(text), 0));
	console.log(execFileSync('seq', ['3']).toString());
	console.log(spawnSync('sh', ['-c', 'cat; exit 4'], {input: 'hello'}).status);
	const events = [];
	const watcher = fs.watch('.', () => { watcher.close(); console.log('watched'); });
	fs.writeFileSync('new', '');
})();
END
cat >streams.js <<'END'
const {spawn} = require('child_process');
const {pipeline} = require('stream');
const zlib = require('zlib');
const child = spawn('seq', ['20000']);
let bytes = 0;
pipeline(child.stdout, zlib.createGzip(), zlib.createGunzip(), error => { if (error) throw error; console.log(bytes); })
	.on('data', part => { bytes += part.length; });
END
check version node --version
check eval node -p '6 * 7'
check echo node echo.js single
check cluster node echo.js cluster
check threads node threads.js
check handles node handles.js
check files node files.js
check streams node streams.js
check failing node -e 'process.exitCode = 0; try { require("fs").openSync("missing") } catch (e) { console.log(e.code) }'
