"""Writes a project and policy tests that plan every shipped action for objects
of which one thing that the action reads is unknown, and of which all are.

Arguments: the program. The current folder gets upkeep.yaml, policies, tests."""
import json
import os
import re
import subprocess
import sys

PROGRAM = sys.argv[1]
ENGINES = ("postgres", "sqlite")
# What cannot be left out, or is what makes an action do all it can.
PARAMETERS = {
    "run_sql": {"run": ["select 1"], "checks": [{"sql": "select 1 as one", "expect": "one = 1"}], "irreversible": "it reads"},
    "run_program": {"run": [{"exec": ["true"]}], "checks": [{"sql": "select 1 as one", "expect": "one = 1"}], "irreversible": "it reads"},
    "validate_data": {"assertions": [{"sql": "select 1 as one", "expect": "one = 1"}]},
    "archive_rows": {"column": "at", "older_than": "90d"},
    "expire_rows": {"column": "at", "older_than": "90d"},
    "resolve_prepared": {"how": "rollback"},
    ("postgres", "set_parameter"): {"value": "on"},
    ("sqlite", "set_parameter"): {"value": "wal"},
}
# Further parameters, each a way of its own through the action.
WAYS = {
    ("postgres", "compact_table"): [{"online": False}],
    ("postgres", "rebuild_index"): [{"online": False}],
    ("postgres", "verify_integrity"): [{}],
    ("sqlite", "archive_rows"): [{"to_database": "old.db"}],
    ("postgres", "freeze"): [{"emergency": True}],
    ("postgres", "vacuum"): [{"analyze": True}],
}
NAMES = {"log": "wal", ("sqlite", "setting"): "journal_mode", "session": "100@1700000000"}
VALUES = {
    "type": "table", "am": "btree", "journal_mode": "wal", "definition": "CREATE INDEX a ON b USING btree (c)",
    "state": "active", "value": "delete", "max_value": "100", "last_value": "90", "column_type": "bigint",
    "column_type(at)": "timestamp with time zone", "may_alter_system": True, "context": "sighup", "recommended": "on",
    "column_indexed(at)": True,
}
SAMPLE = {"text": "a", "bool": False, "int": 1, "bytes": "64MiB", "ratio": "40%", "duration": "5d", "timestamp": "2026-01-01T00:00Z", "list": ["a"]}


def explain(word):
    done = subprocess.run([PROGRAM, "explain", word, "--format", "json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["meanings"]


def rows(meaning, name=None):
    return [r for r in meaning["rows"] if r.get("group") is None and (name is None or r["name"] == name)]


kinds = {}


def kind_of(engine, name):
    if (engine, name) not in kinds:
        for meaning in explain(name):
            if meaning["what"] == f"kind of {engine}":
                kinds[engine, name] = {r["name"]: r.get("type", "text") for r in meaning["rows"] if r.get("type")}
    return kinds.get((engine, name), {})


def sample(engine, kind, attribute):
    if attribute in VALUES:
        return VALUES[attribute]
    owner, _, name = attribute.rpartition(".")
    kind_type = kind_of(engine, owner or kind).get(name, None)
    if kind_type is None:
        kind_type = kind_of(engine, kind).get(re.sub(r"\(.*", "", attribute), "text")
    word = kind_type.split()[0].strip(",;:")
    return SAMPLE[word] if word in SAMPLE else sys.exit(f"{engine} {kind}.{attribute}: no sample of type {kind_type}")


def actions():
    for engine in ENGINES:
        folder = os.path.join(os.environ["UPKEEP_SOURCE"], "stdlib", engine, "actions")
        for file in sorted(os.listdir(folder)):
            with open(os.path.join(folder, file), encoding="utf-8") as stream:
                head = re.search(r'name = "(\w+)", engine = "\w+", kind = "(\w+)"', stream.read())
            if head and head[1] != "create_ledger":
                yield engine, head[1], "table" if head[2] == "any" else head[2]


def reads(engine, action, kind):
    for meaning in explain(action):
        if re.fullmatch(rf"action of {engine}, on (any|{kind})\b.*", meaning["what"]):
            found = rows(meaning, "reads")
            if found:
                return found[0]["text"].split(", ")
    if engine == "postgres" and action in ("archive_rows", "expire_rows"):  # a function of the parameters
        return ["columns", "writable_columns", "delete_effects", "row_security", "is_partitioned", "type", "is_system",
                "extension", "persistence", "column_type(at)", "column_indexed(at)", "corruption_found"]
    return []


def objects(engine, kind, values):
    name = NAMES.get((engine, kind)) or NAMES.get(kind) or ("public.t" if engine == "postgres" else "t")
    own = {"kind": kind, "attributes": {}}
    name = "t_fkey" if kind == "constraint" and engine == "sqlite" else name
    if kind not in ("database", "instance", "backup"):
        own["name"] = name
    others = {}
    for attribute, value in values.items():
        owner, _, short = attribute.rpartition(".")
        if not owner:
            own["attributes"][attribute] = value
        else:
            others.setdefault(owner, {})[short] = value
    return [own] + [{"kind": k, "attributes": v, **({"name": name} if k == "table" else {})} for k, v in others.items()]


def named(engine, kind):
    return next((a for a in ("name", "id") if a in kind_of(engine, kind)), None)


def ensure(engine, kind):
    attribute = named(engine, kind)
    return f"{attribute} = 'another'" if attribute else "size < 1B"


def if_unknown(engine, kind):
    return "warn" if named(engine, kind) else "act"


def main():
    os.makedirs("policies", exist_ok=True)
    os.makedirs("tests", exist_ok=True)
    policies, tests = [], []
    for engine, action, kind in actions():
        read = reads(engine, action, kind)
        values = {a: sample(engine, kind, a) for a in read}
        base = {**PARAMETERS.get(action, {}), **PARAMETERS.get((engine, action), {})}
        for i, way in enumerate([{}] + WAYS.get((engine, action), [])):
            name = f"{engine}-{action.replace('_', '-')}-{kind}-{i}"
            policies.append({"name": name, "for": kind, "ensure": ensure(engine, kind), "if_unknown": if_unknown(engine, kind),
                             "targets": {"engine": engine}, "by": {"action": action, "with": {**base, **way}}})
            unknown = [("nothing", {})] + [(a, {a: None}) for a in read] + [("all", {a: None for a in read})]
            for what, null in unknown:
                tests.append({"name": f"{name}: {what}", "target": engine, "policies": name,
                              "objects": objects(engine, kind, {**values, **null}),
                              "expect": {"not_planned": [{"step": "nothing:*"}]}})
    project = {"version": 1, "include": ["policies/*"], "programs": ["true"], "targets": {
        e: {"engine": e, "connect": "x", "labels": {"engine": e}} for e in ENGINES}}
    for path, value in (("upkeep.yaml", project), ("policies/p.yaml", {"policies": policies}), ("tests/t.yaml", {"tests": tests})):
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(value, stream, indent=1)


main()
