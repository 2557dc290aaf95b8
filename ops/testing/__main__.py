"""`python -m ops.testing [PART …]`: runs all steps, or those of the parts; the last line counts the cases."""

import os
import shutil
import sys
import time

from ops.testing.results import Counts, Outcome
from ops.testing.running import run_all
from ops.testing.steps import PARTS, RESULTS, Step, steps


def main(parts: list[str]) -> int:
    """The exit status: 0 when everything passed, 1 when something failed, 2 for a part that is not one."""
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        print(f"There is no part {unknown[0]!r}. ONLY may name {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir()
    began = time.monotonic()
    wanted = set(parts or PARTS)
    results = run_all([step for step in steps() if wanted.intersection(step.parts)])
    return summarise(results, time.monotonic() - began)


def summarise(results: list[tuple[Step, Outcome]], seconds: float) -> int:
    """Prints a line per step, the tests that were shaky (kept in `.test-results/shaky.txt`, too) or failed,
    and the totals: often only the end of the output is at hand."""
    print("\n── summary")
    for step, outcome in results:
        mark = "FAILED" if outcome.counts.failed else "ok"
        shaky = f", {len(outcome.shaky)} of them shaky" if outcome.shaky else ""
        print(f"{mark:7} {step.name:16} {outcome.counts}{shaky}  ({outcome.seconds:.0f} s)")
    names = [f"{step.name}: {name}" for step, outcome in results for name in outcome.shaky]
    (RESULTS / "shaky.txt").write_text("".join(f"{name}\n" for name in names), "utf-8")
    print(f"\n{len(names)} shaky (passed only when run again){':' if names else ''}")
    for name in names:
        print(f"  {name}")
    failed = [f"{step.name}: {name}" for step, outcome in results for name in outcome.failed]
    if failed:
        print("\nfailed:")
    for name in failed:
        print(f"  {name}")
    print(f"\nin {seconds // 60:.0f} min {seconds % 60:.0f} s on {os.cpu_count()} cores")
    total = sum((outcome.counts for _, outcome in results), Counts())
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
