"""The centre's list says of each alarm between which of its own times it was signed."""

from __future__ import annotations

import hashlib

from edge_agent.center import report, store
from edge_agent.tools.base64url import encode
from edge_agent.tools.bracket import utc

from .bench import Centre
from .portal import Portal


def test_an_alarm_lies_between_two_receipts(centre: Centre, portal: Portal) -> None:
    portal.write_many(2)
    begin_s = int(centre.clock.now_s)
    given = centre.post(portal, portal.batch()).body
    portal.write("heartbeat", period_s=60, receipt={"size": 2, "sha256": encode(hashlib.sha256(given).digest())})
    portal.alarm()
    centre.clock.now_s += 500
    centre.post(portal, portal.batch(2))
    portal.alarm()
    centre.ask(portal.certificate, "POST", f"/v1/logs/{portal.id}/express", portal.express(4))
    with store.opened(centre.path) as db:
        chained, pending = report.alarm_list(db, 10)
    assert (chained["signed"]["after_s"], chained["signed"]["before_s"]) == (begin_s, begin_s + 500)
    assert f"signed between {utc(begin_s)} and {utc(begin_s + 500)} by the centre's clock" in report.alarm_line(chained)
    assert "s too early" in report.alarm_line(chained)       # the test portal's clock stands in 2026
    assert (pending["signed"]["after_s"], pending["signed"]["before_s"]) == (begin_s, None)


def test_a_receipt_that_is_not_ours_bounds_nothing(centre: Centre, portal: Portal) -> None:
    portal.write_many(2)
    centre.post(portal, portal.batch())
    for named in ({"size": 2, "sha256": "x" * 43}, {"size": -1, "sha256": ""}, {"size": 2**52, "sha256": 5}, 7):
        portal.write("heartbeat", period_s=60, receipt=named)
        portal.alarm()
    centre.post(portal, portal.batch(2))
    with store.opened(centre.path) as db:
        assert {alarm["signed"]["after_s"] for alarm in report.alarm_list(db, 10)} == {None}
