"""Write index.html: one file that needs no other, from index.in.html, exhibit.css, verify_log.js and page.js.

    python3 verifiers/js/make_page.py
"""

import hashlib
from base64 import b64encode
from pathlib import Path

HERE = Path(__file__).parent


def made() -> str:
    script = "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("verify_log.js", "page.js"))
    style = (HERE / "exhibit.css").read_text(encoding="utf-8")
    page = (HERE / "index.in.html").read_text(encoding="utf-8")
    for name, text in (("SCRIPT", script), ("STYLE", style)):
        hashed = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        page = page.replace(f"@{name}-HASH@", hashed).replace(f"@{name}@", text)
    return page


if __name__ == "__main__":
    (HERE / "index.html").write_text(made(), encoding="utf-8")
