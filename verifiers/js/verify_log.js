/* Verify the log of a radiation portal, or a court exhibit made from it.  Nothing of edge-agent is needed.
 *
 * One plain script without packages; the same file in a browser (defines `RpmVerify`) and in Node 20 or newer
 * (`require`).  Hashes and Ed25519 (RFC 8032) come from WebCrypto.  The command is verify.js, the page index.html.
 * The format is explained in docs/verify-it-yourself.md; verifiers/python/verify_log.py says the same things.
 */
"use strict";

const RpmVerify = (() => {
  const LINE_MAX = 64 * 1024, NOTE_MAX = 16 * 1024, EXHIBIT_MAX = 16 * 1024 * 1024;   // bytes
  const DEPTH_MAX = 16;                           // of JSON
  const LOG_KEY = 1, COSIGNER_KEY = 4;            // signature types of C2SP signed-note
  const YEAR_9999_S = 253402300799n;              // last second ISO 8601 can write
  const TYP = /^rpm-([a-z][a-z0-9-]{0,31})\+jws$/;
  const NAME = /^[^+ \t-\r\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]{1,200}$/u;
  const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;
  const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
  const PARTS = ["alarm", "occupancy", "config", "boot", "heartbeat", "announces"];

  /** Evidence that does not verify; the message says what. */
  class Refused extends Error {}
  /** A file or an option is missing, or this browser cannot do it; the message says what. */
  class WrongUse extends Error {}

  /** JSON can spell half a character ("\ud800"): no bytes are signed by that name. */
  function utf8(text) {
    if (/[\ud800-\udfff]/u.test(text)) throw new Refused("half a character in a text that is signed");
    return new TextEncoder().encode(text);
  }

  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Real);
  const isWhole = (value) => typeof value === "number";       // of read_json: every other number is a Real

  function text_of(bytes, what) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new Refused(`${what} that is not UTF-8`);
    }
  }

  function joined(...parts) {
    const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  // --- base64 with one spelling (RFC 4648 sections 3.5, 5)

  const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const URL_SAFE = STANDARD.slice(0, 62) + "-_";

  function to_base64(bytes, letters, padded) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 3) {
      const word = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      const count = Math.min(3, bytes.length - at) + 1;
      for (let letter = 0; letter < count; letter += 1) text += letters[(word >> (18 - 6 * letter)) & 63];
      if (padded) text += "=".repeat(4 - count);
    }
    return text;
  }

  function from_base64(text, letters, padded, name) {
    const bare = padded ? text.replace(/={1,2}$/, "") : text;
    const bytes = [];
    let word = 0, bits = 0;
    for (const letter of bare) {
      const value = letters.indexOf(letter);
      if (value < 0) throw new Refused(`not ${name}`);
      word = (word << 6) | value;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((word >> bits) & 255);
        word &= (1 << bits) - 1;
      }
    }
    const data = Uint8Array.from(bytes);
    if (to_base64(data, letters, padded) !== text) throw new Refused(`${name} that is not canonical`);
    return data;
  }

  const b64url = (bytes) => to_base64(bytes, URL_SAFE, false);
  const b64 = (bytes) => to_base64(bytes, STANDARD, true);
  const from_b64url = (text) => from_base64(text, URL_SAFE, false, "base64url");
  const from_b64 = (text) => from_base64(text, STANDARD, true, "base64");

  // --- JSON with one meaning: JSON.parse would take a key twice, and round large integers

  /** A number written with a point or an exponent: 1.0 is not the integer 1. */
  class Real {
    constructor(value) { this.value = value; }
  }

  class JsonReader {
    constructor(text) { this.text = text; this.at = 0; }

    whole() {
      const value = this.value(0);
      this.space();
      if (this.at < this.text.length) throw new Refused(`not JSON: something follows at ${this.at}`);
      return value;
    }

    space() { while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at])) this.at += 1; }

    taken(letter) {
      this.space();
      if (this.text[this.at] !== letter) return false;
      this.at += 1;
      return true;
    }

    need(letter) {
      if (!this.taken(letter)) throw new Refused(`not JSON: ${letter} expected at ${this.at}`);
    }

    value(depth) {
      this.space();
      const first = this.text[this.at];
      if (first === "{" || first === "[") {
        if (depth === DEPTH_MAX) throw new Refused(`JSON nested deeper than ${DEPTH_MAX}`);
        this.at += 1;
        return first === "{" ? this.object(depth + 1) : this.array(depth + 1);
      }
      if (first === '"') return this.string();
      for (const [word, value] of [["true", true], ["false", false], ["null", null]]) {
        if (this.text.startsWith(word, this.at)) {
          this.at += word.length;
          return value;
        }
      }
      return this.number();
    }

    object(depth) {
      const found = Object.create(null);           // no prototype: "__proto__" is a name like any other
      if (this.taken("}")) return found;
      do {
        this.space();
        const name = this.string();
        if (name in found) throw new Refused("a JSON object names a key twice");
        this.need(":");
        found[name] = this.value(depth);
      } while (this.taken(","));
      this.need("}");
      return found;
    }

    array(depth) {
      const found = [];
      if (this.taken("]")) return found;
      do found.push(this.value(depth)); while (this.taken(","));
      this.need("]");
      return found;
    }

    string() {
      const string = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
      string.lastIndex = this.at;
      const found = string.exec(this.text);
      if (!found) throw new Refused(`not JSON: a string expected at ${this.at}`);
      this.at = string.lastIndex;
      return JSON.parse(found[0]);
    }

    number() {
      const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
      number.lastIndex = this.at;
      const found = number.exec(this.text);
      if (!found) throw new Refused(`not JSON: a value expected at ${this.at}`);
      this.at = number.lastIndex;
      const value = Number(found[0]);
      if (found[1] || found[2]) {
        if (!Number.isFinite(value)) throw new Refused("a number too large");
        return new Real(value);
      }
      if (found[0].length > 17 || !Number.isSafeInteger(value)) throw new Refused("an integer beyond 2^53");
      return value;
    }
  }

  /** A JSON object without duplicate keys, deep nesting, integers beyond 2^53. */
  function read_json(bytes) {
    const value = new JsonReader(text_of(bytes, "JSON")).whole();
    if (!isObject(value)) throw new Refused("a JSON object was expected");
    return value;
  }

  // --- hashes, keys, signatures

  function crypto_here() {
    if (!globalThis.crypto?.subtle) {
      throw new WrongUse("this browser gives no WebCrypto here.  Save the page and open it as a file, or over https.");
    }
    return globalThis.crypto.subtle;
  }

  const sha256 = async (bytes) => new Uint8Array(await crypto_here().digest("SHA-256", bytes));

  /** Throws WrongUse where Ed25519 is missing: a signature that cannot be checked must not look like a bad one. */
  async function can_verify() {
    try {       // RFC 8032 section 7.1, test 1
      const key = from_b64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
      await crypto_here().importKey("raw", key, "Ed25519", false, ["verify"]);
    } catch (problem) {
      if (problem instanceof WrongUse) throw problem;
      throw new WrongUse("this browser cannot check Ed25519 signatures.  Chrome or Edge from 137, Firefox from 129 and Safari "
        + "from 17 can; or use Python: verify_log.py.");
    }
  }

  async function verifies(key, message, signature) {
    if (key.length !== 32 || signature.length !== 64) return false;
    try {
      const imported = await crypto_here().importKey("raw", key, "Ed25519", false, ["verify"]);
      return await crypto_here().verify("Ed25519", imported, signature, message);
    } catch (problem) {
      if (problem instanceof WrongUse) throw problem;
      return false;                                // not a point of the curve
    }
  }

  /** RFC 7638: SHA-256 of the key as JWK, members in order, no spaces. */
  const thumbprint = async (key) => b64url(await sha256(utf8(`{"crv":"Ed25519","kty":"OKP","x":"${b64url(key)}"}`)));

  /** `name+id+base64(type | key)`, C2SP signed-note. */
  async function read_vkey(text) {
    const parts = text.replace(/\n$/, "").split("+");
    if (parts.length < 3) throw new Refused("a verifier key is name+id+base64 on one line");
    const [name, id] = parts, raw = from_b64(parts.slice(2).join("+"));
    if (!NAME.test(name) || raw.length !== 33 || ![LOG_KEY, COSIGNER_KEY].includes(raw[0])) {
      throw new Refused("a verifier key of an unknown form");
    }
    const hashed = (await sha256(joined(utf8(`${name}\n`), raw))).slice(0, 4);
    if (hex(hashed) !== id) throw new Refused(`the verifier key ${name} does not match its id ${id}`);
    return { name, type: raw[0], key: raw.slice(1), id: hashed, sha256: hex(await sha256(raw.slice(1))) };
  }

  async function check_jwk(jwk) {
    const alg = "alg" in jwk ? jwk.alg : "Ed25519";
    if (jwk.kty !== "OKP" || jwk.crv !== "Ed25519" || alg !== "Ed25519" || typeof jwk.x !== "string") {
      throw new Refused("not an Ed25519 public key as JWK (kty OKP, crv Ed25519, x)");
    }
    const key = from_b64url(jwk.x);
    if (key.length !== 32 || ("kid" in jwk && jwk.kid !== await thumbprint(key))) {
      throw new Refused("the JWK's kid is not the thumbprint of its key");
    }
    return key;
  }

  /** The raw public key of record 0. */
  const read_jwk = async (bytes) => check_jwk(read_json(bytes));

  // --- records: JWS compact lines (RFC 7515)

  function take_apart(line) {
    if (line.length > LINE_MAX) throw new Refused(`a line longer than ${LINE_MAX} bytes`);
    const parts = line.every((byte) => byte < 128) ? text_of(line, "a line").split(".") : [];
    if (parts.length !== 3) throw new Refused("not a JWS compact line");
    const header = read_json(from_b64url(parts[0]));
    if (Object.keys(header).sort().join() !== "alg,kid,typ" || header.alg !== "Ed25519") {
      throw new Refused("the header is not exactly alg Ed25519, kid, typ");
    }
    const kind = typeof header.typ === "string" ? TYP.exec(header.typ) : null;
    if (!kind || typeof header.kid !== "string") {
      throw new Refused("the header's typ is not rpm-<kind>+jws, or kid is not text");
    }
    const text = from_b64url(parts[1]);
    return {
      kind: kind[1], kid: header.kid, payload: read_json(text), text,
      signed: line.subarray(0, line.lastIndexOf(46)), signature: from_b64url(parts[2]),
    };
  }

  /** The record of `line` when it is line `seq` of this log, after the line `prev`, signed by `key`. */
  async function check_record(line, origin, seq, prev, key) {
    const record = take_apart(line);
    if (record.kid !== await thumbprint(key)) throw new Refused("signed with another key than the record before it announced");
    if (!await verifies(key, record.signed, record.signature)) throw new Refused("the signature does not verify");
    const hashed = prev === null ? null : b64url(await sha256(prev));
    for (const [name, value] of [["v", 1], ["log", origin], ["seq", seq], ["prev", hashed]]) {
      const found = name in record.payload ? record.payload[name] : "absent";
      if (found !== value) throw new Refused(`${name} is ${plain(found).slice(0, 80)}, expected ${plain(value)}`);
    }
    return record;
  }

  /** The one key that may sign the record after this one. */
  function next_key(record) {
    const text = record.payload.nk;
    if (typeof text !== "string" || text.length !== 43) throw new Refused("nk is not a 43-character key");
    return from_b64url(text);
  }

  // --- the Merkle tree over the lines (RFC 6962)

  const leaf = async (line) => sha256(joined([0], line));
  const parent = async (left, right) => sha256(joined([1], left, right));
  const power = (level) => 2 ** level;            // sizes go beyond 32 bits: no << here
  const bit = (size, level) => Math.floor(size / power(level)) % 2;

  /** Full nodes by level/index.  After a cut, `left` are the subtrees of the lines that are gone, largest first. */
  class Tree {
    constructor(cut = 0, left = []) {
      this.nodes = new Map();
      this.size = this.cut = cut;
      const levels = [];
      for (let level = 53; level >= 0; level -= 1) if (bit(cut, level)) levels.push(level);
      if (levels.length !== left.length) {
        throw new Refused(`a cut after ${cut} lines has ${levels.length} subtrees, not ${left.length}`);
      }
      let begin = 0;
      levels.forEach((level, number) => {
        this.nodes.set(`${level}/${begin / power(level)}`, left[number]);
        begin += power(level);
      });
    }

    async add(line) {
      let level = 0, index = this.size, value = await leaf(line);
      this.nodes.set(`0/${index}`, value);
      while (index % 2) {
        value = await parent(this.nodes.get(`${level}/${index - 1}`), value);
        level += 1;
        index = (index - 1) / 2;
        this.nodes.set(`${level}/${index}`, value);
      }
      this.size += 1;
    }

    async root(size) {
      let value = null, begin = size;
      for (let level = 0; power(level) <= size; level += 1) {      // the full subtrees of the edge, smallest first
        if (!bit(size, level)) continue;
        begin -= power(level);
        const node = this.nodes.get(`${level}/${begin / power(level)}`);
        if (!node) throw new Refused(`the tree of ${size} lines lies before the cut at ${this.cut}`);
        value = value ? await parent(node, value) : node;
      }
      return value ?? sha256(new Uint8Array());
    }
  }

  /** Whether the proof leads from the leaf to the root: RFC 9162 section 2.1.3.2. */
  async function included(leaf_hash, index, size, proof, root) {
    if (!(index >= 0 && index < size)) return false;
    let at = index, last = size - 1, value = leaf_hash;
    const up = () => { at = Math.floor(at / 2); last = Math.floor(last / 2); };
    for (const step of proof) {
      if (last === 0) return false;
      if (at % 2 || at === last) {
        value = await parent(step, value);
        while (at % 2 === 0 && at) up();
      } else {
        value = await parent(value, step);
      }
      up();
    }
    return last === 0 && same(value, root);
  }

  /** Whether the tree of `size` begins with that of `old`: RFC 9162 section 2.1.4.2. */
  async function consistent(old, old_root, size, new_root, proof) {
    if (old === size) return proof.length === 0 && same(old_root, new_root);
    if (old === 0) return proof.length === 0 && same(old_root, await sha256(new Uint8Array()));
    if (!(old > 0 && old < size) || !proof.length) return false;
    const full = Number.isInteger(Math.log2(old)) && power(Math.round(Math.log2(old))) === old;
    const path = full ? [old_root, ...proof] : proof;
    let at = old - 1, last = size - 1, first = path[0], second = path[0];
    const up = () => { at = Math.floor(at / 2); last = Math.floor(last / 2); };
    while (at % 2) up();
    for (const step of path.slice(1)) {
      if (last === 0) return false;
      if (at % 2 || at === last) {
        first = await parent(step, first);
        second = await parent(step, second);
        while (at % 2 === 0 && at) up();
      } else {
        second = await parent(second, step);
      }
      up();
    }
    return last === 0 && same(first, old_root) && same(second, new_root);
  }

  // --- signed notes: checkpoints and receipts (C2SP signed-note, tlog-checkpoint, tlog-cosignature)

  /** The signed text, and name, id, signature of each signature line. */
  function take_note(note) {
    if (note.length > NOTE_MAX) throw new Refused(`a note longer than ${NOTE_MAX} bytes`);
    const all = text_of(note, "a note"), gap = all.indexOf("\n\n");
    if (gap < 0 || !all.endsWith("\n") || gap + 2 >= all.length) throw new Refused("a note is text, an empty line, signature lines");
    const signatures = all.slice(gap + 2, -1).split("\n").map((line) => {
      const parts = line.split(" ");
      if (parts.length !== 3 || parts[0] !== "—" || !NAME.test(parts[1])) {
        throw new Refused("a line in a note that is not a signature line");
      }
      const raw = from_b64(parts[2]);
      if (raw.length < 5) throw new Refused("a signature line without a signature");
      return { name: parts[1], id: raw.slice(0, 4), signature: raw.slice(4) };
    });
    return { text: all.slice(0, gap + 1), signatures };
  }

  function signature_of(signatures, key) {
    const found = signatures.filter((each) => each.name === key.name && same(each.id, key.id));
    if (found.length > 1) throw new Refused(`${key.name} signed the same note twice`);
    return found.length ? found[0].signature : null;
  }

  async function open_checkpoint(note, key) {
    const { text, signatures } = take_note(note), lines = text.split("\n");
    if (lines.length !== 4 || lines[3] || !NAME.test(lines[0]) || !SIZE.test(lines[1])) {
      throw new Refused("a checkpoint is three lines: origin, size, root");
    }
    const checkpoint = { origin: lines[0], size: Number(lines[1]), root: from_b64(lines[2]) };
    if (!Number.isSafeInteger(checkpoint.size) || checkpoint.root.length !== 32) {
      throw new Refused("a checkpoint with an impossible size or root");
    }
    if (checkpoint.origin !== key.name) throw new Refused(`the checkpoint is of ${checkpoint.origin}, the key of ${key.name}`);
    const found = signature_of(signatures, key);
    if (!found) throw new Refused(`the checkpoint has no signature of ${key.name}`);
    if (!await verifies(key.key, utf8(text), found)) {
      throw new Refused(`the signature of ${key.name} on the checkpoint does not verify`);
    }
    return checkpoint;
  }

  async function open_receipt(note, log_key, centre) {
    const checkpoint = await open_checkpoint(note, log_key), { text, signatures } = take_note(note);
    const found = signature_of(signatures, centre);
    if (!found) throw new Refused(`no cosignature of ${centre.name}`);
    if (found.length !== 8 + 64) throw new Refused(`a cosignature of ${centre.name} of the wrong length`);
    const time = found.slice(0, 8).reduce((value, byte) => value * 256n + BigInt(byte), 0n);
    const signed = utf8(`cosignature/v1\ntime ${time}\n${text}`);
    if (time > YEAR_9999_S || !await verifies(centre.key, signed, found.slice(8))) {
      throw new Refused(`the cosignature of ${centre.name} does not verify`);
    }
    return { checkpoint, centre: centre.name, time_s: Number(time), line: utf8(`— ${centre.name} ${b64(joined(centre.id, found))}\n`) };
  }

  // --- what is found

  class Report {
    constructor(origin = "") {
      this.origin = origin;
      this.records = 0;
      this.kinds = Object.create(null);
      this.size = null;                            // of the checkpoint
      this.receipts = [];
      this.problems = [];
      this.named = [];                             // documents that records name: seq, SHA-256, length
      this.documents = [];                         // what is known of them
      this.said = [];                              // further lines: of a proof, of an exhibit
      this.lines = [];                             // records of an exhibit
    }

    get whole() { return this.problems.length === 0; }

    count(kind) {
      this.kinds[kind] = (this.kinds[kind] ?? 0) + 1;
      this.records += 1;
    }

    plain() {
      const receipts = this.receipts.map((found) => ({ centre: found.centre, size: found.checkpoint.size, time_s: found.time_s }));
      return { whole: this.whole, origin: this.origin, records: this.records, kinds: this.kinds,
        checkpoint_size: this.size, receipts, problems: this.problems };
    }

    page() {
      const kinds = Object.keys(this.kinds).sort().map((kind) => `${this.kinds[kind]} ${kind}`).join(", ");
      const lines = [`${shown(this.origin) || "log"}: ${this.records} records verified (${kinds || "none"})`];
      if (this.records && !this.said.length && !this.problems.some((problem) => problem.startsWith("record"))) {
        lines.push("  every signature, one key per record, sequence and hashes hold");
      }
      lines.push(...this.said);
      if (this.size !== null) lines.push(`  checkpoint over ${this.size} records holds`);
      for (const found of this.receipts) {
        lines.push(`  receipt of ${shown(found.centre)} over ${found.checkpoint.size} records, ${utc(found.time_s)} UTC, holds`);
      }
      return [...lines, ...this.documents, ...this.problems.map((problem) => `  REFUSED ${shown(problem)}`)];
    }
  }

  const utc = (time_s) => new Date(time_s * 1000).toISOString().slice(0, 19).replace("T", " ");

  /** A value of a record in words. */
  const plain = (value) => JSON.stringify(value, (_, each) => (each instanceof Real ? each.value : each)) ?? "absent";

  /** Text as a page may show it: what is invisible or turns lines around is written out. */
  function shown(text) {
    return text.replace(/[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e0fff}]/gu,
      (found) => `\\u${found.codePointAt(0).toString(16).padStart(4, "0")}`);
  }

  /** What `work` throws as Refused becomes a problem of that name; true when nothing did. */
  async function step(report, name, work) {
    try {
      await work();
      return true;
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      report.problems.push(`${name}: ${problem.message}`);
      return false;
    }
  }

  // --- a whole log, or what follows a cut

  /** Takes lines one by one: signature, key, sequence, hash; keeps the tree. */
  class LogCheck {
    constructor(report, key, tree, prev = null) {
      Object.assign(this, { report, key, tree, prev, findings: [], announced: new Set([b64url(key)]) });
    }

    async take(line) {
      const seq = this.tree.size, record = await check_record(line, this.report.origin, seq, this.prev, this.key);
      const key = next_key(record), { tree } = record.payload;
      if (record.kind === "heartbeat" && isObject(tree)) {        // it signs the tree before it
        const fits = isWhole(tree.size) && tree.size >= 0 && tree.size <= seq;
        if (!fits || tree.root !== b64url(await this.tree.root(tree.size))) {
          this.findings.push(`record ${seq}: the heartbeat names a tree that is not this log's`);
        }
      }
      if (this.announced.has(b64url(key))) {
        this.findings.push(`record ${seq}: it announces a key a second time; each key signs once`);
      }
      this.announced.add(b64url(key));
      await this.tree.add(line);
      Object.assign(this, { key, prev: line });
      this.report.count(record.kind);
      const { blob } = record.payload;
      if (isObject(blob) && typeof blob.sha256 === "string" && /^[0-9a-f]{64}$/.test(blob.sha256)) {
        this.report.named.push([seq, blob.sha256, blob.len]);
      }
    }
  }

  async function check_note(name, note, tree, report, log_key, centre) {
    let found = null;
    const held = await step(report, name, async () => {
      if (!log_key) throw new Refused("the log's verifier key is needed: --log-key FILE");
      found = await open_checkpoint(note, log_key);
      const receipt = centre ? await open_receipt(note, log_key, centre) : null;
      if (found.size > tree.size) {
        throw new Refused(`it is over ${found.size} records, the log has ${tree.size}: records are missing at the end`);
      }
      if (!same(found.root, await tree.root(found.size))) throw new Refused(`its root is not that of the first ${found.size} records`);
      if (receipt) report.receipts.push(receipt);
    });
    return held ? found : null;
  }

  /** A log cut below `size`: its last line before the cut, the subtrees left of it. */
  async function start_at_stump(stump, report, log_key) {
    const { size, line, left } = stump;
    if (!isWhole(size) || size < 1 || typeof line !== "string" || !Array.isArray(left)) {
      throw new Refused("a stump holds size, line, left and checkpoint");
    }
    const tree = new Tree(size - 1, left.map((each) => from_b64(String(each)))), bytes = utf8(line), record = take_apart(bytes);
    if (record.payload.log !== log_key.name || record.payload.seq !== size - 1) {
      throw new Refused(`its line is not line ${size - 1} of ${log_key.name}`);
    }
    await tree.add(bytes);
    report.origin = log_key.name;
    return new LogCheck(report, next_key(record), tree, bytes);
  }

  function lines_of(data) {
    const lines = [];
    for (let begin = 0; begin < data.length;) {
      const end = data.indexOf(10, begin);
      lines.push(data.subarray(begin, end < 0 ? data.length : end));
      if (end < 0) break;
      begin = end + 1;
    }
    return lines;
  }

  function origin_of(line) {
    const origin = take_apart(line).payload.log;
    if (typeof origin !== "string" || !/^(?:[^\p{C}\p{Z}]| )*$/u.test(origin)) throw new Refused("record 0 names no log");
    return origin;
  }

  /** Bytes of files, any but `log` may be missing: log, key (JWK), checkpoint, receipts, log_key, centre_key, stump. */
  async function verify_log({ log, key, checkpoint = null, receipts = [], log_key = null, centre_key = null, stump = null,
    documents = null }) {
    const report = new Report(), data = log ?? new Uint8Array();
    let check = null, note = checkpoint;
    if (stump) {
      if (!log_key) throw new WrongUse("--log-key is missing: a stump is checked with the portal's verifier key");
      const held = await step(report, "the stump", async () => {
        const cut = read_json(stump);
        check = await start_at_stump(cut, report, log_key);
        if (!note && typeof cut.checkpoint === "string" && cut.checkpoint.includes("\n")) note = utf8(cut.checkpoint);
        if (!note || (await open_checkpoint(note, log_key)).size !== check.tree.size) {
          throw new Refused(`it needs its checkpoint of ${check.tree.size} records: nothing else vouches for the cut`);
        }
      });
      if (!held) return report;
    } else if (!key) {
      throw new WrongUse("--key is missing: the public key of record 0, a JWK file");
    }
    const held = await take_lines(lines_of(data), report, async (line) => {
      if (!check) {
        report.origin = log_key ? log_key.name : origin_of(line);
        check = new LogCheck(report, key, new Tree());
      }
      await check.take(line);
    }, check ? check.tree.size : 0);
    if (held && !check) {
      report.problems.push("there is no record");
    } else if (held) {
      report.problems.push(...check.findings);
      if (note) report.size = (await check_note("the checkpoint", note, check.tree, report, log_key, centre_key))?.size ?? null;
      for (const [number, each] of receipts.entries()) {
        await check_note(`receipt ${number}`, each, check.tree, report, log_key, centre_key);
      }
      if (documents) await check_documents(report, documents);
    }
    if (data.length && data[data.length - 1] !== 10) report.problems.push("the last line does not end: the file is cut short");
    return report;
  }

  /** `documents(sha256)`: bytes of the file of that name, or null.  One that is not there is said; one of other bytes is refused. */
  async function check_documents(report, documents) {
    for (const [seq, name, length] of report.named) {
      const bytes = documents(name);
      if (bytes === null) {
        report.documents.push(`  record ${seq} names the document ${name}: not here`);
      } else if (hex(await sha256(bytes)) !== name || bytes.length !== length) {
        report.problems.push(`record ${seq}: the file ${name} is not the document it names`);
      } else {
        report.documents.push(`  record ${seq} names the document ${name}: here, ${bytes.length} bytes, holds`);
      }
    }
  }

  async function take_lines(lines, report, take, first) {
    for (const [number, line] of lines.entries()) {
      if (!await step(report, `record ${first + number}`, () => take(line))) return false;
    }
    return true;
  }

  function steps_of(proof, name = "inclusion") {
    const steps = proof[name];
    if (!Array.isArray(steps) || !steps.every((each) => typeof each === "string")) throw new Refused(`${name} is not a list of base64`);
    return steps.map(from_b64);
  }

  /** One line, in an express delivery or beside a proof: {line, index, size, inclusion, checkpoint, consistency}. */
  async function verify_proof({ proof, log_key, checkpoint = null, log = null, receipts = [] }) {
    if (!log_key) throw new WrongUse("--log-key is missing: a proof leads to a checkpoint, which is checked with the portal's verifier key");
    const report = new Report(log_key.name);
    let record = null, found = null, given = null;
    const held = await step(report, "the proof", async () => {
      given = read_json(proof);
      found = await open_checkpoint(checkpoint ?? utf8(String(given.checkpoint)), log_key);
      if (!isWhole(given.index) || given.size !== found.size) {
        throw new Refused("its index is not a number, or its size is not that of the checkpoint");
      }
      const line = (log ? lines_of(log) : [])[given.index] ?? utf8(String(given.line));
      record = take_apart(line);
      if (!await included(await leaf(line), given.index, found.size, steps_of(given), found.root)) {
        throw new Refused(`it does not lead from line ${given.index} to the checkpoint's root`);
      }
      if (record.payload.log !== log_key.name || record.payload.seq !== given.index) {
        throw new Refused(`its line is not line ${given.index} of ${log_key.name}`);
      }
    });
    if (!held) return report;
    report.count(record.kind);
    report.size = found.size;
    report.said.push(`  record ${given.index} (${record.kind}) is in the tree; its own signature needs the record before it`);
    await step(report, "the consistency proof", () => check_consistency(given.consistency ?? null, found, receipts, log_key, report));
    return report;
  }

  async function check_consistency(consistency, found, receipts, log_key, report) {
    if (consistency === null) return;
    if (!isObject(consistency) || !isWhole(consistency.from)) throw new Refused("it is not {from, proof}");
    const steps = steps_of(consistency, "proof");
    for (const note of receipts) {
      const older = await open_checkpoint(note, log_key);
      if (older.size !== consistency.from) continue;
      if (!await consistent(older.size, older.root, found.size, found.root, steps)) {
        throw new Refused(`the tree of ${found.size} does not begin with the receipted tree of ${older.size}`);
      }
      report.said.push(`  the tree of ${found.size} begins with the receipted tree of ${older.size}`);
      return;
    }
    report.said.push(`  that the tree begins with that of ${consistency.from} was not checked: give its receipt, --receipt FILE`);
  }

  // --- a court exhibit: one page that holds the records, their proofs, and text for people

  // cut in two: this program stands inside such pages
  const BLOCK = "<" + 'script type="application/json" id="exhibit">', BLOCK_END = "<" + "/script>";
  const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'" };
  const unescape = (text) => text.replace(/&(?:amp|lt|gt|quot|#x27);/g, (found) => ENTITIES[found]);

  /** The data block of an exhibit's file, and the words on it that claim to be those of a record: [of, text]. */
  function read_page(bytes) {
    if (bytes.length > EXHIBIT_MAX) throw new Refused(`a file longer than ${EXHIBIT_MAX} bytes`);
    const html = text_of(bytes, "a page"), blocks = html.split(BLOCK).slice(1);
    if (blocks.length !== 1) throw new Refused(`${blocks.length} data blocks called exhibit, expected one`);
    const end = blocks[0].indexOf(BLOCK_END);
    if (end < 0) throw new Refused("its data block does not end");
    const words = html.replace(/<(script|style)\b[^>]*>[^]*?<\/\1>/g, "");
    const claims = [...words.matchAll(/<(b|pre|code) data-says="([^"<>]*)">([^<]*)<\/\1>/g)];
    if (claims.length !== [...words.matchAll(/<[^>]*\bdata-says/g)].length) {
      throw new Refused("words on the page claim to be of a record in a form that cannot be checked");
    }
    return { data: utf8(blocks[0].slice(0, end)), claims: claims.map((found) => [unescape(found[2]), unescape(found[3])]) };
  }

  /** Step by step; every problem names its part. */
  class Exhibit {
    constructor(data, claims, pinned_log, pinned_centre) {
      Object.assign(this, { data, claims, pinned_log, pinned_centre, report: new Report(), records: new Map(), centres: [],
        log_key: null, checkpoint: null, earlier: null, first: null });
    }

    check_form() {
      const { data } = this, { records, keys } = data;
      if (data.exhibit !== "radiation portal alarm" || data.v !== 1) throw new Refused("not an exhibit of version 1");
      if (!Array.isArray(records) || !isObject(keys) || !Array.isArray(keys.centres)) throw new Refused("records or keys are missing");
      for (const [name, value] of [["checkpoint", data.checkpoint], ["keys.log", keys.log]]) {
        if (typeof value !== "string") throw new Refused(`${name} is missing`);
        utf8(value);
      }
      for (const row of records) {
        if (!isObject(row) || !isWhole(row.seq) || !PARTS.includes(row.part) || typeof row.line !== "string") {
          throw new Refused("a record without seq, part or line");
        }
        utf8(row.line);
      }
      if (new Set(records.map((row) => row.seq)).size !== records.length) throw new Refused("a record stands in it twice");
      if (records.filter((row) => row.part === "alarm").length !== 1) throw new Refused("it holds no alarm, or several");
    }

    async check_keys() {
      const { keys } = this.data, { report } = this;
      await step(report, "the log key", async () => {
        this.log_key = await read_vkey(keys.log);
        report.origin = this.log_key.name;
        if (this.log_key.type !== LOG_KEY) throw new Refused("the log key is of another kind");
        this.say_key("portal's log key", this.log_key, this.pinned_log, "--log-key");
      });
      for (const [number, text] of keys.centres.entries()) {
        await step(report, `centre key ${number}`, async () => {
          const centre = await read_vkey(String(text));
          if (centre.type !== COSIGNER_KEY) throw new Refused("it is of another kind");
          this.centres.push(centre);
          this.say_key("centre's key", centre, number === 0 ? this.pinned_centre : null, "--centre-key");
        });
      }
      if (this.pinned_centre && !keys.centres.length) {
        report.problems.push(`centre key 0: the exhibit has none, ${this.pinned_centre.name} was expected`);
      }
    }

    say_key(what, key, pinned, option) {
      if (pinned && !(pinned.name === key.name && pinned.type === key.type && same(pinned.key, key.key))) {
        throw new Refused(`it is not the key you gave with ${option}: the exhibit was signed by somebody else`);
      }
      const compared = pinned ? "the one you gave" : `taken from the exhibit: compare it, or give ${option} FILE`;
      this.report.said.push(`  ${what} ${shown(key.name)}, SHA-256 ${key.sha256}, ${compared}`);
    }

    async check_checkpoint() {
      if (!this.log_key) return;
      const note = utf8(this.data.checkpoint), { report } = this;
      const held = await step(report, "the checkpoint", async () => {
        this.checkpoint = await open_checkpoint(note, this.log_key);
        report.size = this.checkpoint.size;
      });
      for (const centre of held ? this.centres : []) {
        await step(report, `the receipt of ${shown(centre.name)}`, async () => {
          report.receipts.push(await open_receipt(note, this.log_key, centre));
        });
      }
    }

    /** Each record's place in the tree; its own signature by the key that the record before it announced. */
    async check_records() {
      const lines = new Map(this.data.records.map((row) => [row.seq, utf8(row.line)]));
      for (const row of this.data.records) {
        await step(this.report, `record ${row.seq} (${row.part})`, async () => {
          const record = await this.check_record(row, lines);
          this.records.set(row.seq, record);
          this.report.count(record.kind);
          if (row.part !== "announces") {
            this.report.said.push(`  record ${row.seq} (${row.part}): its signature, key, hash and place in the log hold`);
          }
        });
      }
    }

    async check_record(row, lines) {
      const line = lines.get(row.seq), record = take_apart(line), { origin } = this.report, found = this.checkpoint;
      if (row.part !== record.kind && row.part !== "announces") throw new Refused(`it is a ${record.kind} record`);
      if (row.part !== "announces") await this.check_signature(line, row.seq, lines);
      if (record.payload.log !== origin || record.payload.seq !== row.seq) throw new Refused(`its line is not line ${row.seq} of ${origin}`);
      if (found && !await included(await leaf(line), row.seq, found.size, steps_of(row), found.root)) {
        throw new Refused(`it is not in the tree of ${found.size} records under the checkpoint`);
      }
      return record;
    }

    async check_signature(line, seq, lines) {
      let key = null, prev = null;
      if (seq === 0) {
        const jwk = this.data.keys.record_0;
        if (!isObject(jwk)) throw new Refused("a JSON object was expected");
        key = await check_jwk(jwk);
      } else if (lines.has(seq - 1)) {
        prev = lines.get(seq - 1);
        key = next_key(take_apart(prev));
      } else {
        throw new Refused("the record before it, which announced its key, is not in the exhibit");
      }
      await check_record(line, this.report.origin, seq, prev, key);
    }

    /** Number and payload of the record in this role, when it holds; else -1 and null. */
    part(name) {
      const row = this.data.records.find((each) => each.part === name && this.records.has(each.seq));
      return row ? [row.seq, this.records.get(row.seq).payload] : [-1, null];
    }

    /** Occupancy, configuration and start are those of this alarm. */
    check_roles() {
      const [seq, alarm] = this.part("alarm");
      if (!alarm) return;
      this.say_alarm(seq, alarm);
      const [occupancy_seq, occupancy] = this.part("occupancy"), [config_seq, config] = this.part("config");
      const [boot_seq, boot] = this.part("boot"), start = (each) => (isObject(each.t) ? each.t.boot ?? null : undefined);
      if (occupancy && ((alarm.occupancy ?? null) === null || !alike(occupancy.id, alarm.occupancy))) {
        this.refuse(occupancy_seq, "occupancy", "it is not the occupancy that the alarm names");
      }
      if (config && !alike(config.cfg, alarm.cfg)) this.refuse(config_seq, "config", "it is not the configuration that the alarm names");
      if (boot && (start(boot) === undefined || start(boot) !== start(alarm))) {
        this.refuse(boot_seq, "boot", "it is not the start in which the alarm was signed");
      }
      for (const name of ["config", "boot", "heartbeat"]) {
        if (this.part(name)[0] > seq) this.refuse(this.part(name)[0], name, "it was written after the alarm");
      }
    }

    say_alarm(seq, alarm) {
      const at = isObject(alarm.at) ? alarm.at.wall : null, word = (value) => shown(typeof value === "string" ? value : plain(value ?? null));
      const { said } = this.report;
      said.push(`  record ${seq} says: alarm ${word(alarm.id)}, lane ${word(alarm.lane)}, ${word(alarm.radiation)}, `
        + `${word(alarm.rule)}, at ${word(at)} by its own clock`);
      said.push(`  record ${seq} says: ${word(alarm.counts)} counts in ${word(alarm.window_s)} s, expected ${word(alarm.expected)}, `
        + `statistic ${word(alarm.statistic)}, threshold ${word(alarm.threshold)}`);
      for (const name of ["exercise", "maintenance"]) {
        if ((alarm[name] ?? null) !== null) said.push(`  record ${seq} says: given during ${name} ${word(alarm[name])}: not a real find`);
      }
    }

    refuse(seq, part, why) { this.report.problems.push(`record ${seq} (${part}): ${why}`); }

    /** Between two times that the centre signed: the receipt the portal named before, the receipt over the alarm. */
    async check_time() {
      const [alarm_seq] = this.part("alarm"), { report } = this, note = this.data.earlier, [seq, heartbeat] = this.part("heartbeat");
      if (typeof note === "string" && this.log_key && this.centres.length) {
        await step(report, "the earlier receipt", async () => {
          const earlier = await open_receipt(utf8(note), this.log_key, this.centres[0]), named = heartbeat?.receipt;
          if (!isObject(named) || named.sha256 !== b64url(await sha256(earlier.line))) {
            throw new Refused("no heartbeat before the alarm names it");
          }
          this.earlier = earlier;
        });
      }
      this.first = report.receipts.find((found) => alarm_seq < found.checkpoint.size) ?? null;
      if (this.earlier && alarm_seq >= 0) {
        report.said.push(`  signed after ${utc(this.earlier.time_s)} UTC by the centre's clock: record ${seq}, before it, names that receipt`);
      }
      if (this.first && alarm_seq >= 0) {
        report.said.push(`  signed before ${utc(this.first.time_s)} UTC by the centre's clock: that receipt covers it`);
      }
      if (!this.first) report.said.push("  no centre has cosigned this checkpoint: only the portal vouches for it");
    }

    /** Words on the page that claim to be of a record, a key or a receipt are so. */
    check_page() {
      const fixed = { after: this.earlier && utc(this.earlier.time_s), before: this.first && utc(this.first.time_s),
        "log-key": this.log_key?.sha256, log: this.log_key && shown(this.log_key.name) };
      this.centres.forEach((centre, number) => { fixed[`centre-key-${number}`] = centre.sha256; });
      this.centres.forEach((centre, number) => { fixed[`centre-${number}`] = shown(centre.name); });
      for (const [of, text] of this.claims) {
        const [seq, ...path] = of.split("/"), record = /^[0-9]{1,16}$/.test(seq) ? this.records.get(Number(seq)) : undefined;
        let holds = Object.hasOwn(fixed, of) && text === fixed[of];
        if (record && !path.length) holds = text === shown(text_of(record.text, "a record"));
        if (record && path.length) holds = reads_as(at_path(record.payload, path), text);
        if (!holds) this.report.problems.push(`the page: it says ${plain(shown(text).slice(0, 80))}, which is not what ${shown(of)} is`);
      }
    }
  }

  const alike = (a, b) => plain(a) === plain(b);

  /** The value a JSON pointer (RFC 6901) leads to. */
  function at_path(value, path) {
    for (const raw of path) {
      const name = raw.replace(/~1/g, "/").replace(/~0/g, "~");
      if (Array.isArray(value)) value = /^(?:0|[1-9][0-9]{0,8})$/.test(name) ? value[Number(name)] : undefined;
      else value = isObject(value) && name in value ? value[name] : undefined;
    }
    return value;
  }

  /** Whether words on a page are this value: text as shown, numbers by value, true, false and null by name. */
  function reads_as(value, text) {
    if (typeof value === "string") return text === shown(value);
    if (isWhole(value) || value instanceof Real) return NUMBER.test(text) && Number(text) === (isWhole(value) ? value : value.value);
    return value === true || value === false || value === null ? text === String(value) : false;
  }

  /** The report of an exhibit: bytes of its data block, the claims on its page, keys to hold it to (read_vkey) or null. */
  async function verify_exhibit(data, claims, pinned_log = null, pinned_centre = null) {
    let exhibit = new Exhibit(null, claims, pinned_log, pinned_centre);
    const { report } = exhibit;
    const held = await step(report, "the exhibit", () => {
      exhibit.data = read_json(data);
      exhibit.check_form();
    });
    if (!held) return report;
    report.lines = exhibit.data.records.map((row) => row.line);
    await exhibit.check_keys();
    await exhibit.check_checkpoint();
    await exhibit.check_records();
    exhibit.check_roles();
    await exhibit.check_time();
    exhibit.check_page();
    return report;
  }

  /** The same of an exhibit's file. */
  async function verify_exhibit_file(bytes, pinned_log = null, pinned_centre = null) {
    const report = new Report();
    let page = null;
    const held = await step(report, "the exhibit", () => { page = read_page(bytes); });
    return held ? verify_exhibit(page.data, page.claims, pinned_log, pinned_centre) : report;
  }

  return { Refused, WrongUse, Tree, b64, b64url, from_b64, from_b64url, read_json, can_verify, verifies, thumbprint, read_vkey,
    read_jwk, take_apart, leaf, included, consistent, open_checkpoint, open_receipt, shown, utc, verify_log, verify_proof,
    verify_exhibit, verify_exhibit_file };
})();

if (typeof module !== "undefined") module.exports = RpmVerify;
