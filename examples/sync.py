#!/usr/bin/env python3
"""Keeps a folder of plans in step with the service, one round at a time: what docs/SYNC.md tells, in one file.

    API=http://127.0.0.1:8080 CLIENT=id:secret SYSTEM=plandb examples/sync.py FOLDER

FOLDER/KEY.json is the plan that your system knows as KEY (what a file name cannot hold is written as in a URL: %2F for a
slash). Files that you changed are sent; what changed at the service is written to FOLDER/all/ID.json, your own plans also to
FOLDER/KEY.json. FOLDER/state.json keeps the cursor and what was last agreed on. Run it from cron; it can be stopped at any
moment.

Where both sides changed the same, FOLDER/KEY.theirs.json tells what the service has, and nothing is sent until you have
written into that file what shall be, and renamed it to KEY.json.

Exit status: 0 all in step; 1 the service could not be reached; 2 a plan was refused or collides (told on standard error).
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

API = os.environ.get("API", "http://127.0.0.1:8080")
SYSTEM = os.environ.get("SYSTEM", "plandb")
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "plans")
PLANS = f"{API}/v1/action-plans"


class Unreachable(Exception):
    """The service did not answer after several tries."""


def call(method, url, body=None, **headers):
    """Sends a request; again, with pauses, while the line or the service is bad. Answers status, headers and body."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    for pause in (1, 2, 4, 8, None):
        try:
            request = urllib.request.Request(url, data, fields, method=method)
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            answer = refused.code, refused.headers, refused.read()
            if refused.code not in (429, 502, 503, 504) or pause is None:
                return answer
            pause = float(refused.headers.get("Retry-After") or pause)
        except OSError as broken:
            if pause is None:
                raise Unreachable(broken) from broken
        time.sleep(pause)
    raise Unreachable(url)


def sign_in():
    """A token for ten minutes, as an Authorization field, and the city that we act for."""
    if ":" not in os.environ.get("CLIENT", ""):
        raise SystemExit("CLIENT must be set to id:secret, as /v1/clients has told them")
    login = base64.b64encode(os.environ["CLIENT"].encode()).decode()

    def ask(path, form):
        status, _, body = call(
            "POST", f"{API}/oauth/{path}", form.encode(),
            Authorization=f"Basic {login}", Content_Type="application/x-www-form-urlencoded",
        )
        if status != 200:
            raise SystemExit(f"signing in: {body.decode()}")
        return json.loads(body)

    token = ask("token", "grant_type=client_credentials")["access_token"]
    return f"Bearer {token}", ask("introspect", f"token={token}")["city"]


def write(path, value):
    """Writes a file so that it is whole or not there, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)


def read(path):
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    return value


def file_of(key, what=""):
    """Where the plan of a key is; state.json is not to be taken for one."""
    name = urllib.parse.quote(key, safe=" ")
    return FOLDER / f"{'%73tate' if name == 'state' else name}{what}.json"


def key_of(plan, city):
    """The key of a plan in our system; none when it is not ours. A partner's system may have the same name: `city` says
    whose a key is, and left out it is that of the first proponent."""
    first = plan["proponents"][0]
    keys = [ref["key"] for ref in plan["external_refs"] if (ref["system"], ref.get("city") or first) == (SYSTEM, city)]
    return keys[0] if keys else None


def said(plan):
    """What people write in a plan, without what the service keeps and tells."""
    kept = ("id", "status", "status_comment", "published_version", "version", "created_at", "updated_at", "actions")
    written = {name: value for name, value in plan.items() if name not in kept}
    actions = written.get("joint_actions", [])
    written["joint_actions"] = [{name: value for name, value in action.items() if name != "consents"} for action in actions]
    return written


def said_in(path):
    """What a file says; none when it is not there, or cannot be read, which `send` tells."""
    try:
        return said(read(path))
    except (OSError, ValueError):
        return None


def tell(path, status, body):
    """Tells a person why a plan was refused: each fault by its pointer, each collision by its place."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {"title": body.decode(errors="replace")}
    print(f"{path}: {status} {problem.get('detail') or problem.get('title')}", file=sys.stderr)
    for fault in problem.get("errors", []):
        print(f"  {fault.get('pointer') or fault.get('parameter') or '/'}  {fault['detail']}", file=sys.stderr)
    for conflict in problem.get("conflicts", []):
        yours, theirs = (json.dumps(conflict[side], ensure_ascii=False) for side in ("yours", "theirs"))
        print(f"  {conflict['place']}  here {yours}, there {theirs}", file=sys.stderr)


class Copy:
    """The folder and its state."""

    def __init__(self):
        self.token, self.city = sign_in()
        self.file = FOLDER / "state.json"
        state = read(self.file) if self.file.exists() else {}
        self.cursor = state.get("cursor")
        self.agreed = state.get("agreed", {})

    def save(self):
        write(self.file, {"cursor": self.cursor, "agreed": self.agreed})

    def ask(self, method, url, body=None, **headers):
        """Sends a request; once more with a new token, when ours has ended."""
        answer = call(method, url, body, Authorization=self.token, **headers)
        if answer[0] == 401:
            self.token, _ = sign_in()
            answer = call(method, url, body, Authorization=self.token, **headers)
        return answer

    def keep(self, plan, etag):
        """Takes a plan in, unless a newer version is there; a file that was edited meanwhile stays for `send`."""
        path = FOLDER / "all" / f"{plan['id']}.json"
        if path.exists() and read(path)["version"] > plan["version"]:
            return
        write(path, plan)
        key = key_of(plan, self.city)
        if key is None:
            return
        own = file_of(key)
        if not own.exists() or said_in(own) == self.agreed.get(key, {}).get("said", ""):
            write(own, said(plan))
        self.agreed.setdefault(key, {}).update(id=plan["id"])
        if said_in(own) == said(plan):
            self.agreed[key] = {"id": plan["id"], "etag": etag, "said": said(plan)}
            file_of(key, ".theirs").unlink(missing_ok=True)

    def forget(self, plan_id):
        """Lets go of a plan that is gone; a file that was edited here stays, and is sent as a new one."""
        (FOLDER / "all" / f"{plan_id}.json").unlink(missing_ok=True)
        for key in [key for key, known in self.agreed.items() if known.get("id") == plan_id]:
            known, own = self.agreed.pop(key), file_of(key)
            if own.exists() and said_in(own) == known.get("said", ""):
                own.unlink()

    def export(self):
        """Reads everything once; the cursor is of the moment before the first line."""
        status, _, body = self.ask("GET", PLANS, Accept="application/x-ndjson")
        lines = [json.loads(line) for line in body.splitlines()]
        if status != 200 or not lines or "id" in lines[-1]:
            raise Unreachable("the export broke off")
        seen = {plan["id"] for plan in lines[:-1]}
        for path in (FOLDER / "all").glob("*.json"):
            if path.stem not in seen:
                self.forget(path.stem)
        for plan in lines[:-1]:
            self.fetch(f"{PLANS}/{plan['id']}", plan["id"])
        self.cursor = lines[-1]["cursor"]
        self.save()

    def fetch(self, url, plan_id):
        """Takes in one plan. What cannot be read now is no reason to go on: the cursor would leave it behind."""
        status, headers, body = self.ask("GET", url)
        if status == 404:
            self.forget(plan_id)
        elif status == 200:
            self.keep(json.loads(body), headers["ETag"])
        else:
            raise Unreachable(body.decode())

    def follow(self):
        """Takes in what has changed at the service."""
        while True:
            query = urllib.parse.urlencode({"after": self.cursor, "type": "action_plan", "limit": 500})
            status, _, body = self.ask("GET", f"{API}/v1/changes?{query}")
            if status == 410 or status == 400 and b'"feed_cursor"' in body:
                # The cursor is too old, or of a service that was restored from a backup.
                return self.export()
            if status != 200:
                raise Unreachable(body.decode())
            page = json.loads(body)
            for change in page["items"]:
                if change["action"] == "deleted":
                    self.forget(change["id"])
                else:
                    self.fetch(change["url"], change["id"])
            self.cursor = page["cursor"]
            self.save()
            if page["next"] is None:
                return None

    def send(self):
        """Sends what was edited here; answers how many plans were refused."""
        refused = 0
        for path in sorted(FOLDER.glob("*.json")):
            if path == self.file or path.name.endswith(".theirs.json"):
                continue
            try:
                key, plan = urllib.parse.unquote(path.stem), read(path)
            except ValueError as fault:
                refused += 1
                print(f"{path}: {fault}", file=sys.stderr)
                continue
            known = self.agreed.get(key, {})
            if said(plan) == known.get("said"):
                continue
            url, theirs = f"{PLANS}/by-ref/{SYSTEM}/{urllib.parse.quote(key, safe='')}", file_of(key, ".theirs")
            if theirs.exists():
                refused += 1
                print(f"{path}: decide in {theirs}, and rename it to {path.name}", file=sys.stderr)
                continue
            # Whoever has decided has seen what the service had then.
            seen = known.get("theirs") or known.get("etag")
            headers = {"If_Match": seen} if seen else {"If_None_Match": "*"}
            status, fields, body = self.ask("PUT", url, plan, Content_Type="application/json", Prefer="conflict=merge", **headers)
            if status in (200, 201):
                stored = json.loads(body)
                self.agreed[key] = {"id": stored["id"], "etag": fields["ETag"], "said": said(stored)}
                write(path, said(stored))
                write(FOLDER / "all" / f"{stored['id']}.json", stored)
                self.save()
                continue
            refused += 1
            tell(path, status, body)
            if status == 412:
                status, fields, body = self.ask("GET", url)
                if status == 200:
                    self.agreed.setdefault(key, {})["theirs"] = fields["ETag"]
                    self.save()
                    write(theirs, said(json.loads(body)))
        return refused


def main():
    if not FOLDER.is_dir():
        raise SystemExit(f"there is no folder {FOLDER}: make it, or mend its name")
    copy = Copy()
    if copy.cursor is None:
        copy.export()
    copy.follow()
    refused = copy.send()
    copy.follow()
    return 2 if refused else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unreachable as problem:
        print(problem, file=sys.stderr)
        sys.exit(1)
