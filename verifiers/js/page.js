/* In index.html, after verify_log.js: files dropped on the page are recognised by what is in them and verified. */
"use strict";

(() => {
  const verdict = document.getElementById("verdict"), records = document.getElementById("records");
  const bytes_of = (text) => new TextEncoder().encode(text);

  function tell(state, headline, lines) {
    const head = document.createElement("strong"), list = document.createElement("ul");
    head.textContent = headline;
    for (const line of lines) {
      const item = document.createElement("li");
      item.textContent = line.trim();
      list.append(item);
    }
    verdict.replaceChildren(head, list);
    verdict.dataset.state = state;
  }

  /** The text of the records, so that what is read is what was checked. */
  function show_records(lines) {
    records.replaceChildren();
    for (const line of lines.slice(0, 500)) {
      const text = document.createElement("pre");
      try {
        text.textContent = RpmVerify.shown(new TextDecoder().decode(RpmVerify.take_apart(bytes_of(line)).text));
      } catch (problem) {
        text.textContent = problem.message;
      }
      records.append(text);
    }
  }

  /** What the files are: {exhibit, log, key, log_key, centre_key, notes, stump, proof}. */
  async function sorted(files) {
    const found = { notes: [] };
    for (const file of files) {
      const bytes = new Uint8Array(await file.arrayBuffer()), text = new TextDecoder().decode(bytes), start = text.trimStart();
      if (start.startsWith("<")) found.exhibit = bytes;
      else if (start.startsWith("{")) Object.assign(found, json_file(bytes, file.name));
      else if (start.startsWith("eyJ")) found.log = found.log && found.log.length > bytes.length ? found.log : bytes;
      else if (text.includes("\n\n\u2014 ")) found.notes.push(bytes);
      else {
        const key = await RpmVerify.read_vkey(text);
        found[key.type === 4 ? "centre_key" : "log_key"] = key;
      }
    }
    return found;
  }

  function json_file(bytes, name) {
    const value = RpmVerify.read_json(bytes);
    if ("kty" in value) return { key: bytes };
    if ("left" in value) return { stump: bytes };
    if ("inclusion" in value) return { proof: bytes };
    throw new RpmVerify.WrongUse(`${name} is no key, stump or proof`);
  }

  async function verified(found) {
    const pins = [document.getElementById("log-key").value.trim(), document.getElementById("centre-key").value.trim()];
    const log_key = pins[0] ? await RpmVerify.read_vkey(pins[0]) : found.log_key ?? null;
    const centre_key = pins[1] ? await RpmVerify.read_vkey(pins[1]) : found.centre_key ?? null;
    if (found.exhibit) {
      const report = await RpmVerify.verify_exhibit_file(found.exhibit, log_key, centre_key);
      return [report, report.lines];
    }
    if (found.log) {
      if (!found.key && !found.stump) throw new RpmVerify.WrongUse("a log needs the key of its record 0 beside it, a .jwk file");
      const key = found.key ? await RpmVerify.read_jwk(found.key) : null, stump = key ? null : found.stump;
      const [checkpoint, ...receipts] = largest_first(found.notes);
      const report = await RpmVerify.verify_log({ log: found.log, key, checkpoint, receipts, log_key, centre_key, stump });
      return [report, new TextDecoder().decode(found.log).split("\n").filter((line) => line)];
    }
    if (found.proof) {
      const within = new TextDecoder().decode(found.proof).includes('"checkpoint"');
      const checkpoint = within ? null : largest_first(found.notes)[0] ?? null;
      return [await RpmVerify.verify_proof({ proof: found.proof, log_key, checkpoint, receipts: found.notes }), []];
    }
    throw new RpmVerify.WrongUse("there is no exhibit, log or proof among these files");
  }

  const size_of = (note) => Number(new TextDecoder().decode(note).split("\n")[1]);
  const largest_first = (notes) => [...notes].sort((a, b) => size_of(b) - size_of(a));

  async function take(files) {
    tell("unchecked", "Checking \u2026", []);
    records.replaceChildren();
    try {
      await RpmVerify.can_verify();
      const [report, lines] = await verified(await sorted(files));
      if (report.whole) tell("holds", "Everything that can be checked holds.  Compare the keys with those you know.", report.page());
      else tell("refused", "THIS DOES NOT HOLD.  Do not rely on it.", report.page());
      show_records(lines);
    } catch (problem) {
      if (problem instanceof RpmVerify.WrongUse) tell("unchecked", "Not checked.", [problem.message]);
      else tell("refused", "THIS DOES NOT HOLD.  Do not rely on it.", [RpmVerify.shown(problem.message)]);
    }
  }

  const input = document.getElementById("files");
  input.addEventListener("change", () => take([...input.files]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
})();
