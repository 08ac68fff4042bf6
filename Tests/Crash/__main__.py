"""The crash harness: strikes a server under load in every way that we know, and proves that it kept its promises.

    python3 Tests/Crash [--quick] [--fault NAME ...] [--engine sqlite | postgres] [--cycles N] [--seed N] [--keep]

Without arguments it does what `make crash` does. After each fault: every acknowledged write is there once; a write
whose outcome was unknown was done once or not at all, and its key settles it; replays are the same bytes; seq has no
gap and no entry changes; the chain and the projections verify; balances are the sums of all changes; endpoints were
sent what the journal implies.
"""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Server"))

from campaign import Campaign, heading, line  # noqa: E402: the package is found through the line above.
from faults import FAULTS  # noqa: E402


MOUNTS = "CRASH_OWN_MOUNTS"


def arguments():
    parser = argparse.ArgumentParser(prog="Tests/Crash", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the small budget of `make test`")
    parser.add_argument("--fault", action="append", choices=FAULTS, help="only this one; can be given again")
    parser.add_argument("--engine", choices=["sqlite", "postgres"], help="only this one")
    parser.add_argument("--cycles", type=int, help="how often each fault strikes")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--keep", action="store_true", help="leave the folder of a failure behind")
    return parser.parse_args()


def enter_own_mounts():
    """Runs this program again in a mount namespace of its own: what it mounts is gone with it, however it ends."""
    alone = ["unshare", "--mount"]
    if MOUNTS in os.environ or os.getuid() != 0 or not shutil.which(alone[0]):
        return
    if subprocess.run([*alone, "true"], capture_output=True).returncode == 0:
        os.environ[MOUNTS] = "1"
        os.execvp(alone[0], [*alone, sys.executable, *sys.argv])


def main():
    given = arguments()
    enter_own_mounts()
    say = lambda text: print(text, flush=True)
    say(f"seed {given.seed}")
    begun, campaigns = time.monotonic(), []
    for name in given.fault or FAULTS:
        kind = FAULTS[name]
        for engine, cycles in (kind.quick if given.quick else kind.cycles).items():
            if given.engine not in (None, engine):
                continue
            cycles = given.cycles or cycles
            if missing := kind.missing():
                say(f"{name} on {engine} is left out: {missing}")
                continue
            campaign = Campaign(name, engine, cycles, given.seed, given.keep, say)
            campaign.run()
            campaigns.append(campaign)
            say(line(campaign.row))
            if campaign.notes:
                say(f"    {campaign.notes}")
            if campaign.violation:
                say("".join(traceback.format_exception(campaign.violation)))
                say(f"again: python3 Tests/Crash --fault {name} --engine {engine} --cycles {cycles} "
                    f"--seed {given.seed} --keep")
    broken = [campaign for campaign in campaigns if campaign.violation]
    say(f"\n{heading()}")
    for campaign in campaigns:
        say(line(campaign.row))
    say(f"\n{len(campaigns) - len(broken)} of {len(campaigns)} kept every promise, "
        f"in {round(time.monotonic() - begun)} s; seed {given.seed}")
    sys.exit(1 if broken or not campaigns else 0)


if __name__ == "__main__":
    main()
