#!/usr/bin/env node
/* The verifier as a command, Node 20 or newer:
 *
 *     node verify.js EXHIBIT.html [--log-key portal.vkey] [--centre-key centre.vkey]
 *     node verify.js --log log.ndjson --key portal.jwk --checkpoint checkpoint.txt \
 *                    --log-key portal.vkey --centre-key centre.vkey
 *     node verify.js --proof express.json --log-key portal.vkey
 *
 * Exit code: 0 everything holds, 6 something does not, 3 a file or an option is missing, 2 wrong use.
 */
"use strict";

process.removeAllListeners("warning");          // Node 20 calls Ed25519 in WebCrypto experimental
const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");
const verifier = require("./verify_log.js");

const FILE = { type: "string" };
const OPTIONS = {
  log: FILE, key: FILE, checkpoint: FILE, receipt: { type: "string", multiple: true, default: [] }, "log-key": FILE,
  "centre-key": FILE, stump: FILE, proof: FILE, blobs: FILE, json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
};
const USAGE = `Verify the log of a radiation portal, or a court exhibit made from it.  Nothing of edge-agent is needed; Node 20 or newer.

    node verify.js EXHIBIT.html [--log-key portal.vkey] [--centre-key centre.vkey]
    node verify.js --log log.ndjson --key portal.jwk --checkpoint checkpoint.txt \\
                   --log-key portal.vkey --centre-key centre.vkey
    node verify.js --proof express.json --log-key portal.vkey

  --log FILE          lines to check              --key JWK           public key of record 0
  --checkpoint FILE   checkpoint over the log     --receipt FILE      receipt note; repeatable
  --log-key VKEY      the portal's verifier key   --centre-key VKEY   the centre's verifier key
  --stump FILE        what a cut log begins with  --proof FILE        inclusion proof, or an express delivery
  --blobs DIR         documents that records name, files named by their SHA-256
  --json              one JSON object instead of text

Exit code: 0 everything holds, 6 something does not, 3 a file or an option is missing, 2 wrong use.`;
const INPUT_MAX = 2 ** 30;      // bytes of one file; 90 days of one portal are 0.4 GB

function content(file) {
  try {
    return new Uint8Array(bounded(file));
  } catch (problem) {
    if (problem instanceof verifier.WrongUse) throw problem;
    throw new verifier.WrongUse(`cannot read ${file}: ${problem.code}`);
  }
}

/** A device has no end, and a pipe may have none. */
function bounded(file) {
  const handle = fs.openSync(file, "r");
  try {
    const found = fs.fstatSync(handle);
    if (found.isCharacterDevice() || found.isBlockDevice()) {
      throw new verifier.WrongUse(`${file} is a device and no file.\n  Give a file`);
    }
    const parts = [];
    for (let size = 0; ;) {
      const part = Buffer.allocUnsafe(1 << 20), count = fs.readSync(handle, part);
      if (count === 0) return Buffer.concat(parts);
      size += count;
      if (size > INPUT_MAX) throw new verifier.WrongUse(`${file} is longer than ${INPUT_MAX} bytes.\n  Give a part of the log`);
      parts.push(part.subarray(0, count));
    }
  } finally {
    fs.closeSync(handle);
  }
}

const given = (file) => (file === undefined ? null : content(file));

/** The key in a file; what holds none is wrong use, no verdict on the log. */
async function key(file, read, expected) {
  if (file === undefined) return null;
  const bytes = content(file);
  try {
    return await read(bytes);
  } catch (problem) {
    if (!(problem instanceof verifier.Refused)) throw problem;
    throw new verifier.WrongUse(`${file} holds no key: ${problem.message}.\n  Expected: ${expected}`);
  }
}

const vkey = (file) => key(
  file, (bytes) => verifier.read_vkey(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)), "name+id+base64 on one line",
);
const jwk = (file) => key(file, verifier.read_jwk, "a JWK of Ed25519, of record 0");

/** A stump may name its checkpoint as a file beside it. */
function beside(stump, checkpoint) {
  if (checkpoint !== undefined || stump === undefined) return given(checkpoint);
  let named = null;
  try {
    named = verifier.read_json(content(stump)).checkpoint;
  } catch (problem) {
    if (problem instanceof verifier.WrongUse) throw problem;
  }
  return typeof named === "string" && !named.includes("\n") ? content(path.join(path.dirname(stump), path.basename(named))) : null;
}

function document_of(directory, name) {
  const file = path.join(directory, name);
  return fs.existsSync(file) ? content(file) : null;
}

async function run(chosen, exhibit) {
  const log_key = await vkey(chosen["log-key"]), centre_key = await vkey(chosen["centre-key"]);
  if (exhibit !== undefined) return verifier.verify_exhibit_file(content(exhibit), log_key, centre_key);
  const receipts = chosen.receipt.map(content);
  if (chosen.proof) {
    return verifier.verify_proof({ proof: content(chosen.proof), log_key, checkpoint: given(chosen.checkpoint), log: given(chosen.log), receipts });
  }
  if (!chosen.log && !chosen.stump) {
    throw new verifier.WrongUse("nothing to check.\n  Give EXHIBIT.html, or --log FILE --key JWK; --help shows all");
  }
  if (chosen.checkpoint && !log_key) {
    throw new verifier.WrongUse("--log-key is missing: a checkpoint is checked with the portal's verifier key");
  }
  return verifier.verify_log({
    log: given(chosen.log), key: chosen.stump ? null : await jwk(chosen.key), receipts, log_key, centre_key,
    checkpoint: beside(chosen.stump, chosen.checkpoint), stump: given(chosen.stump),
    documents: chosen.blobs ? (name) => document_of(chosen.blobs, name) : null,
  });
}

async function main() {
  let chosen, files;
  try {
    ({ values: chosen, positionals: files } = parseArgs({ options: OPTIONS, allowPositionals: true }));
    if (chosen.help) {
      console.log(USAGE);
      return 0;
    }
    if (files.length > 1) throw new Error("one exhibit at a time");
  } catch (problem) {
    console.error(`verify: ${problem.message}`);
    return 2;
  }
  try {
    const report = await run(chosen, files[0]);
    if (chosen.json) console.log(JSON.stringify({ whole: report.whole, logs: [report.plain()] }, null, 1));
    else console.log(report.page().join("\n"));
    if (files.length && !chosen.json) {
      console.log(report.whole ? "whole: everything that can be checked holds" : "NOT WHOLE: do not rely on it");
    }
    return report.whole ? 0 : 6;
  } catch (problem) {
    if (!(problem instanceof verifier.Refused || problem instanceof verifier.WrongUse)) throw problem;
    console.error(`verify: ${verifier.shown(problem.message).replace("\\u000a", "\n")}`);
    return problem instanceof verifier.Refused ? 6 : 3;
  }
}

main().then((code) => { process.exitCode = code; });
