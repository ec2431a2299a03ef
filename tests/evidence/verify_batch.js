/* Questions to verify_log.js, one JSON object a line on stdin, one answer a line on stdout.  Bytes travel as latin-1 text. */
"use strict";

process.removeAllListeners("warning");
const verifier = require(process.argv[2]);
const readline = require("node:readline");

const bytes = (text) => (text === undefined || text === null ? null : Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
const vkey = async (text) => (text ? verifier.read_vkey(new TextDecoder().decode(bytes(text))) : null);

const OPS = {
  log: async (given) => verifier.verify_log({
    log: bytes(given.log), key: given.key ? await verifier.read_jwk(bytes(given.key)) : null, checkpoint: bytes(given.checkpoint),
    receipts: (given.receipts ?? []).map(bytes), log_key: await vkey(given.log_key), centre_key: await vkey(given.centre_key),
    stump: bytes(given.stump),
  }),
  proof: async (given) => verifier.verify_proof({
    proof: bytes(given.proof), log_key: await vkey(given.log_key), checkpoint: bytes(given.checkpoint), log: bytes(given.log),
    receipts: (given.receipts ?? []).map(bytes),
  }),
  exhibit: async (given) => verifier.verify_exhibit_file(bytes(given.page), await vkey(given.log_key), await vkey(given.centre_key)),
  json: async (given) => ({ value: JSON.parse(JSON.stringify(verifier.read_json(bytes(given.data)))) }),
  vkey: async (given) => ({ sha256: (await vkey(given.data)).sha256 }),
  included: async (given) => ({
    holds: await verifier.included(bytes(given.leaf), given.index, given.size, given.proof.map(bytes), bytes(given.root)),
  }),
  consistent: async (given) => ({
    holds: await verifier.consistent(given.old, bytes(given.old_root), given.size, bytes(given.root), given.proof.map(bytes)),
  }),
};

async function answer(line) {
  const given = JSON.parse(line);
  try {
    const report = await OPS[given.op](given);
    return report.plain ? { ...report.plain(), said: report.said, page: report.page() } : report;
  } catch (problem) {
    if (problem instanceof verifier.Refused) return { whole: false, problems: [problem.message], refused: problem.message };
    if (problem instanceof verifier.WrongUse) return { whole: false, problems: [problem.message], wrong_use: problem.message };
    return { crashed: problem.stack };
  }
}

// all questions at once, answers in their order: WebCrypto works in threads
let last = Promise.resolve();
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const found = answer(line);
  last = last.then(async () => process.stdout.write(`${JSON.stringify(await found)}\n`));
});
