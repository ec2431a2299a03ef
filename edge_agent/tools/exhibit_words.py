"""What an exhibit says to a judge that is the same for every alarm."""

from __future__ import annotations

PARTS = {
    "alarm": "the alarm", "occupancy": "the whole passage, with its counts", "config": "the settings in force",
    "boot": "the start of the program", "heartbeat": "names a receipt that the centre had given before",
}


def proven(receipted: bool, bracketed: bool) -> list[str]:
    """`receipted`: a centre cosigned; `bracketed`: an earlier receipt is named before the alarm."""
    held = ("<li>The centre held this record, and everything before it, at the later of the two times above. Neither the portal "
            "nor the centre can have changed it since without the other’s signature failing.</li>")
    not_before = "<li>It was not signed before the earlier of the two times: it follows a record that names that receipt.</li>"
    return [
        "<h2>What is proven</h2>",
        "<p>If the check below holds, and the keys are those of this portal and this centre:</p>", "<ul>",
        "<li>The text of the records is, to the letter, what the portal’s controller signed.</li>",
        "<li>The alarm has its fixed place in the portal’s log. It cannot be changed, left out, moved or put in later without "
        "that showing, not even by somebody who has the controller in hand afterwards: each record is signed with a key that "
        "signs once, is destroyed, and is announced by the record before.</li>",
        *([held] if receipted else []), *([not_before] if bracketed else []), "</ul>",
        "<h2>What is not proven</h2>", "<ul>",
        "<li>That the source was dangerous or forbidden. Patients after nuclear medicine, fertilizer, ceramics and other natural "
        "goods alarm rightly. What it was is for the secondary inspection to say.</li>",
        "<li>Who or what was in the lane: the record holds counts and times, no name and no number plate.</li>",
        "<li>That the detectors measured rightly. Calibration and tests are other documents; the records above say what the "
        "controller knew of their health.</li>",
        "<li>That nobody interfered with the controller or its cables before the record was signed.</li>",
        *([] if receipted else ["<li>That a centre holds this record: none has countersigned it yet.</li>"]),
        "<li>The sentences and the drawing on this page. They explain; what counts is in dotted frames and in the records.</li>",
        "</ul>",
    ]


def how() -> list[str]:
    return [
        "<h2>How to check</h2>",
        "<p>This page checked itself, offline; the box at its top says what came out. A forger could write a page with another "
        "box. So have the <em>file</em> checked by a program that did not come with it:</p>", "<ul>",
        "<li>In a browser: open <code>verifiers/js/index.html</code> from the makers of edge-agent, or from the centre, and drop "
        "this file on it.</li>",
        "<li>With Python 3.9 or newer: <code>pip install cryptography</code>, then "
        "<code>python3 verify_log.py THIS-FILE.html --log-key portal.vkey --centre-key centre.vkey</code></li>",
        "<li>With Node 20 or newer: "
        "<code>node verify.js THIS-FILE.html --log-key portal.vkey --centre-key centre.vkey</code></li>",
        "<li>With a program of your own: <code>docs/verify-it-yourself.md</code> explains the form on a few pages; it uses "
        "only published standards (RFC 7515, RFC 8032, RFC 6962, C2SP signed notes).</li>", "</ul>",
        "<p>Then compare the keys. Ask the authority that runs the portal, and the centre, each by a way of your own (not with "
        "what came with this file), for the SHA-256 of its key. They must be:</p>",
    ]
