/* In an exhibit, after verify_log.js: the page checks itself and fills in its verdict.  Nothing of a record becomes
 * markup here: text goes in as text, into elements made here. */
"use strict";

(async () => {
  const verdict = document.getElementById("verdict");

  function tell(state, headline, lines) {
    const list = document.createElement("ul");
    for (const line of lines) {
      const item = document.createElement("li");
      item.textContent = line.trim();
      list.append(item);
    }
    const head = document.createElement("strong"), details = document.createElement("details"), summary = document.createElement("summary");
    head.textContent = headline;
    summary.textContent = "what was checked";
    details.open = state !== "holds";
    details.append(summary, list);
    verdict.replaceChildren(head, details);
    verdict.dataset.state = state;
  }

  try {
    await RpmVerify.can_verify();
    const blocks = document.querySelectorAll("#exhibit"), claims = [];
    for (const each of document.querySelectorAll("[data-says]")) claims.push([each.dataset.says, each.textContent]);
    if (blocks.length !== 1 || document.querySelectorAll("#verdict").length !== 1) {
      throw new RpmVerify.Refused("the page has been put together by somebody else: two data blocks or two verdicts");
    }
    const report = await RpmVerify.verify_exhibit(new TextEncoder().encode(blocks[0].textContent), claims);
    if (report.whole) {
      tell("holds", "Every signature and proof in this file holds, under the keys it names.  Compare the keys: see \u201cHow to check\u201d.",
        report.page());
    } else {
      tell("refused", "THIS FILE DOES NOT HOLD.  Do not rely on anything on this page.", report.page());
    }
  } catch (problem) {
    if (problem instanceof RpmVerify.WrongUse) tell("unchecked", "Not checked.", [problem.message]);
    else tell("refused", "THIS FILE DOES NOT HOLD.  Do not rely on anything on this page.", [RpmVerify.shown(problem.message)]);
  }
})();
