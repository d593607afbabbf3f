# What the program says of itself: explain, man pages, completions.
load common

share=${UPKEEP%/upkeep}/share

@test "explain knows every sort of word" {
  while read -r word; do
    run upkeep explain $word
    expect_code 0
    [ "${#output}" -gt 20 ]
  done <<-'WORDS'
	UPK1104
	type-mismatch
	rebuild_index
	index
	index.duplicate_of
	lower
	limits.lock_timeout
	policy.ensure
	lock_timeout
	targets.jobs
	windows.rrule
	approvals.when
	coalesce
	ratio
	replica_lag
	exit 5
	130
	std/sqlite-baseline
	sqlite
	apply
	--wait
	jobs
	WORDS
}

@test "explain corrects words of every sort" {
  while read -r wrong right; do
    run upkeep explain "$wrong"
    expect_code 64
    expect_text "did you mean \`$right\`?"
  done <<-'WORDS'
	rebuld_index rebuild_index
	limits.lock_timeut limits.lock_timeout
	aply apply
	--detailed-exitcod --detailed-exitcode
	replica_lagg replica_lag
	no-lock-timeot no-lock-timeout
	std/sqlite-baselin std/sqlite-baseline
	WORDS
}

@test "explain in a project that is damaged explains what is wrong with it" {
  printf 'version: 1\ntargets: [\n' >upkeep.yaml
  run upkeep validate
  expect_code 3
  code=$(grep -o 'UPK[0-9]*' <<<"$output" | head -n 1)
  run upkeep explain "$code"
  expect_code 0
  expect_text "$code"
  expect_no_text "error["
}

@test "explain as JSON and Markdown says the same" {
  upkeep explain severity --format json | python3 -c '
import json, sys
page = json.load(sys.stdin)
assert page["format"] == "upkeep.words/1" and page["word"] == "severity"
meaning = page["meanings"][0]
assert meaning["what"] == "key of a policy"
assert {r["name"] for r in meaning["rows"] if r.get("group") == "one of"} == {"info", "warning", "critical"}'
  run upkeep explain severity --format markdown
  expect_text '- `critical`: to be mended now'
  # every action, kind and key has a line of its own in the list of words
  upkeep explain --format json | python3 -c '
import json, sys
page = json.load(sys.stdin)
rows = [r for m in page["meanings"] for r in m["rows"]]
assert len(rows) > 300 and all(r["text"] for r in rows)'
}

@test "man pages are clean, and there is one for every verb" {
  for page in "$share"/man/man1/* "$share"/man/man5/*; do
    run mandoc -Tlint "$page"
    expect_code 0
    [ -z "$output" ]
  done
  for verb in $(upkeep --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
    upkeep man "$verb" | mandoc -Tutf8 | col -b >page
    grep -q "upkeep-$verb" page
    # every flag that --help shows stands in the page
    for flag in $(upkeep "$verb" --help | grep -o -- ' --[a-z-]*'); do
      grep -q -e "$flag" page
    done
  done
  man -l "$share/man/man1/upkeep.1" >page
  grep -q 'EXIT STATUS' page
  man -l "$share/man/man5/upkeep.yaml.5" | col -b >page
  grep -q 'windows.rrule' page
  man -l "$share/man/man5/upkeep-policies.5" | col -b >page
  grep -q 'policies.limits.lock_timeout' page
}

words() { upkeep __complete "$@" | cut -f1 | tr '\n' ' '; }

@test "what may stand at a place of the command line" {
  cp "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" .
  cp -r "$UPKEEP_SOURCE/examples/quickstart/policies" .
  [ "$(words val)" = "validate " ]
  [ "$(words plan '')" = "shop " ]
  [ "$(words --directory . plan '')" = "shop " ]
  [ "$(words plan --deta)" = "--detailed-exitcode " ]
  [ "$(words plan --format j)" = "json " ]
  [ "$(words plan --format=j)" = "--format=json " ]
  [ "$(words plan --format = j)" = "json " ]
  [ "$(words apply '')" = ":files " ]
  [ "$(words plan -o '')" = ":files " ]
  [ "$(words -C '')" = ":folders " ]
  [ "$(words log ve)" = "verify " ]
  [ "$(words init --engine s)" = "sqlite " ]
  [ "$(words explain rebuild_i)" = "rebuild_index rebuild_index " ]
  mkdir -p .upkeep/runs/20260101T000000Z-abcdef
  [ "$(words resume '')" = "20260101T000000Z-abcdef last " ]
  # a flag that was given is not offered again
  case "$(words plan --facts f --fa)" in *--facts*) false ;; esac
  # outside a project, and in a damaged one, nothing is said, in silence
  echo '{' >upkeep.yaml
  run upkeep __complete plan ''
  expect_code 0
  [ -z "$output" ]
}

@test "bash, zsh and fish complete by it" {
  mkdir bin
  ln -s "$UPKEEP" bin/upkeep
  export PATH=$PWD/bin:$PATH
  cp "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" .
  for shell in bash zsh; do
    python3 "$UPKEEP_SOURCE/tests/live/completion.py" $shell "$share" 'upkeep val\t' 'upkeep validate '
    python3 "$UPKEEP_SOURCE/tests/live/completion.py" $shell "$share" 'upkeep plan --deta\t' '--detailed-exitcode'
    python3 "$UPKEEP_SOURCE/tests/live/completion.py" $shell "$share" 'upkeep check sh\t' 'check shop'
  done
  run fish -c "source $share/upkeep.fish; complete -C 'upkeep plan --format '"
  expect_code 0
  expect_text "markdown"
  run upkeep completion tcsh
  expect_code 64
  expect_text "bash, zsh and fish"
}
