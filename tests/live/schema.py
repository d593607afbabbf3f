"""Documents against the schemas of `upkeep schema`, by two validators of other people: jsonschema (Python) and, when AJV names
its folder, ajv (Node). Standard input: lines `SCHEMA valid|invalid FILE`. YAML is read as its version 1.2 says, as editors do."""
import json, os, re, subprocess, sys, yaml
from jsonschema import Draft202012Validator


class Core(yaml.SafeLoader):
    """Scalars of YAML 1.2's core schema: `no` is a text, a date too."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^(?:[-+]?[0-9]+)$", "-+0123456789"),
    ("float", r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$", "-+.0123456789"),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first) if tag != "null" else ["~", "n", "N", ""])


def read(path):
    text = open(path, encoding="utf-8").read()
    if path.endswith((".yaml", ".yml")):
        return [yaml.load(text, Core)]
    if path.endswith((".jsonl", ".lines")):
        return [json.loads(line) for line in text.splitlines()]
    return [json.loads(text)]


def schema(word):
    return json.loads(subprocess.run([os.environ["UPKEEP"], "schema", word], check=True, capture_output=True).stdout)


schemas, jobs, wrong = {}, [], []
for line in sys.stdin:
    word, expected, path = line.rstrip("\n").split(" ", 2)
    if word not in schemas:
        schemas[word] = schema(word)
        Draft202012Validator.check_schema(schemas[word])
    for number, document in enumerate(read(path)):
        jobs.append({"name": f"{path} ({number})", "schema": word, "document": document, "valid": expected == "valid"})

for job in jobs:
    errors = list(Draft202012Validator(schemas[job["schema"]]).iter_errors(job["document"]))
    if (not errors) != job["valid"]:
        said = "; ".join(f"{e.json_path}: {e.message[:200]}" for e in errors[:5]) or "nothing is wrong with it"
        wrong.append(f"jsonschema: {job['schema']}: {job['name']}: {said}")

if os.environ.get("AJV"):
    script = """
      const Ajv = require(process.env.AJV + "/node_modules/ajv/dist/2020");
      const { schemas, jobs } = JSON.parse(require("fs").readFileSync(0, "utf8"));
      const ajv = new Ajv({ strict: true, allErrors: true, strictTypes: false, strictRequired: false });
      const check = {};
      for (const word in schemas) check[word] = ajv.compile(schemas[word]);
      for (const job of jobs)
        if (check[job.schema](job.document) !== job.valid)
          console.log(`ajv: ${job.schema}: ${job.name}: ${ajv.errorsText(check[job.schema].errors)}`);
    """
    done = subprocess.run(["node", "-e", script], input=json.dumps({"schemas": schemas, "jobs": jobs}), capture_output=True, text=True)
    if done.returncode:
        wrong.append(done.stderr)
    wrong += done.stdout.splitlines()

valid = sum(job["valid"] for job in jobs)
print(f"{valid} valid, {len(jobs) - valid} invalid documents")
sys.exit("\n".join(wrong) if wrong else 0)
