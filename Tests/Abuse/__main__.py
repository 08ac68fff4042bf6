"""Abuses a server in every way that we could think of, and sees to it that it minds nothing.

python3 Tests/Abuse [--quick] [--part NAME ...] [--engine sqlite | postgres] [--seed N] [--keep]

Without arguments it does what `make abuse` does. Whatever is sent: no exit, no 5xx, no change of a ledger by what was
refused, nothing that is still held when it is over.
"""

import argparse
import os
import pathlib
import random
import resource
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Server"))

from ledgerserver import ConnectionLost, LedgerServer, PostgresCluster, scratch_folder  # noqa: E402: found through the line above.
from ledgerserver.network import enter_own_network  # noqa: E402

from parts import PARTS, SESSIONS  # noqa: E402
from session import Session, TooManyFindings  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(prog="Tests/Abuse", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the small budget of `make test`")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this one; can be given again")
    parser.add_argument("--engine", choices=["sqlite", "postgres"], help="only this one")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--keep", action="store_true", help="leave the folder of a failure behind")
    return parser.parse_args()


def say(text):
    print(text, flush=True)


def abuse(plan, given, folder):
    """One server and all that is done to it; gives what was found."""
    parts = [name for name in plan.parts if given.part is None or name in given.part]
    if not parts or given.engine not in (None, plan.engine):
        return []
    say(f"== {plan.engine}: {', '.join(parts)}")
    server = LedgerServer(folder / f"{plan.engine}-{plan.name}", settings=plan.settings)
    cluster = None
    session = None
    try:
        if plan.engine == "postgres":
            cluster = PostgresCluster(folder / "cluster")
            cluster.start()
            cluster.make_database("abused", server)
        session = Session(server, say)
        for name in parts:
            begun = time.monotonic()
            say(f"-- {name}")
            PARTS[name](session, given.quick, random.Random(f"{given.seed}/{name}"), given.seed).run()
            say(f"   {time.monotonic() - begun:.1f} s")
        session.close()
    except TooManyFindings:
        say("enough was found to stop and look")
    except ConnectionLost as error:
        session.findings.append(f"the server is gone: {error}")
        say(f"  FINDING: the server does not answer: {error}; {server.last_words()}")
    finally:
        if server.is_running():
            server.kill()
        if cluster:
            cluster.stop()
    return session.findings


def main():
    given = arguments()
    alone = enter_own_network()
    # Thousands of connections, at both ends of them.
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    say(
        f"seed {given.seed}" + ("" if alone else "; there is no network of its own, so nothing about webhooks is tried")
    )
    os.environ["BINCARD_ALONE"] = "1" if alone else ""
    begun = time.monotonic()
    with scratch_folder("abuse", keep=given.keep) as folder:
        findings = [finding for plan in SESSIONS for finding in abuse(plan, given, folder)]
        if findings and given.keep:
            say(f"what is left is in {folder}")
            sys.stdout.flush()
            os._exit(1)
    say(f"\n{len(findings)} findings in {time.monotonic() - begun:.0f} s; seed {given.seed}")
    if findings:
        say(f"again: python3 Tests/Abuse{' --quick' if given.quick else ''} --seed {given.seed} --keep")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
