// tedious client: runs a session (JSON on standard input) against HOST PORT.
'use strict';

const { Connection, Request, TYPES } = require('tedious');

const [host, port] = [process.argv[2], Number(process.argv[3])];
const session = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const types = { string: TYPES.NVarChar, number: TYPES.Int };
const versions = { '7.1': '7_1', '7.2': '7_2', '7.3': '7_3_A', '7.4': '7_4' };

const connection = new Connection({
  server: host,
  authentication: { type: 'default', options: { userName: session.user, password: 'Not-A-Secret-1' } },
  options: { port, encrypt: session.encrypt === 'strict' ? 'strict' : session.encrypt === 'all', database: session.database, appName: session.app, tdsVersion: versions[session.tds],
    trustServerCertificate: true },
});

function ask(step) {
  return new Promise((resolve, reject) => {
    const request = new Request(step.sql, (error) => {
      if (error && !step.fails) reject(error);
      else if (!step.prepare) resolve(); // a prepared request ends when it has been unprepared
    });
    const params = step.params || [];
    params.forEach((value, index) => request.addParameter('P' + (index + 1), types[typeof value], value));
    if (step.prepare) return prepared(request, step, resolve, reject);
    if (params.length || step.rpc) connection.execSql(request); else connection.execSqlBatch(request);
  });
}

function prepared(request, step, resolve, reject) {
  let left = step.prepare;
  const values = Object.fromEntries(step.params.map((value, index) => ['P' + (index + 1), value]));
  request.on('error', reject);
  // The connection is free for the next request only after the event has been handled.
  const later = (work) => setImmediate(work);
  request.on('prepared', () => later(() => connection.execute(request, values)));
  request.on('requestCompleted', () => later(() => {
    left -= 1;
    if (left > 0) connection.execute(request, values);
    else if (left === 0) connection.unprepare(request);
    else resolve();
  }));
  connection.prepare(request);
}

connection.on('connect', async (error) => {
  if (error) { console.error(String(error)); process.exit(1); }
  try {
    for (const step of session.steps) {
      if (step.wait) await new Promise((done) => setTimeout(done, step.wait * 1000));
      else await ask(step);
    }
    connection.close();
  } catch (problem) {
    console.error(String(problem));
    process.exit(1);
  }
});
connection.connect();
