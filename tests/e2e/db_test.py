#!/usr/bin/env python3
"""`quarry db` and `quarry migrate geth` on real data dirs: beside a running node, on damage, through kills and a
full disk."""

import json
import lzma
import os
import random
import shutil
import signal
import subprocess
import tarfile
import time

from harness import DAG_DIR, FIXTURES, QUARRY, RpcError, Scenario, check, equal, main, run

GETH = os.path.join(FIXTURES, "geth-1.7.3")
EMPTY_12 = os.path.join(GETH, "empty-12.rlp")
FULL_360 = os.path.join(GETH, "full-360.rlp")
TIP_360 = "0x74e542762c20f24db9941d1d8c9f8456edfcccdff9aef1e2e4d2a2451ba4a019"
KILLS = int(os.environ.get("QUARRY_TEST_KILLS", "30"))


def db(datadir, *args, expect=0):
    """Runs `quarry db`; gives its standard output."""
    done = subprocess.run(
        [QUARRY, "db", *args, "--datadir", datadir], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    equal(done.returncode, expect, f"exit status of db {' '.join(args)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr if expect else done.stdout


def chaindata(datadir):
    return os.path.join(datadir, "quarry", "chaindata")


def files(datadir, ending):
    folder = chaindata(datadir)
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(ending)]


def geth_datadir(scene):
    with tarfile.open(os.path.join(GETH, "datadir.tar.xz")) as archive:
        archive.extractall(scene.folder)
    return os.path.join(scene.folder, "datadir")


def picture(folder):
    """Names, bytes and times of all files."""
    out = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                out[path] = (file.read(), os.stat(path).st_mtime_ns)
    return out


def covers(wanted, got):
    """Every field that geth gave is there and equal; others may be there besides."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return all(key in got and covers(value, got[key]) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(covers, wanted, got))
    return wanted == got


def inspection_beside_a_running_node():
    with Scenario("inspect") as scene:
        genesis = os.path.join(GETH, "genesis.json")
        scene.init("one", genesis=genesis)
        node = scene.node("one")
        run("import", EMPTY_12, "--datadir", node.datadir)
        node.start()
        stats = json.loads(db(node.datadir, "stats", "--json"))
        equal(stats["blocks"], 13, "blocks")
        equal({f["family"]: f["keys"] for f in stats["families"]}["canonical"], 13, "rows of canonical")
        header = json.loads(db(node.datadir, "get", "header", "12", "--json"))
        equal(header["value"]["totalDifficulty"], "1707456", "total difficulty of block 12")
        equal(header["key"].split("/")[1], node.head(), "hash of block 12")
        equal(db(node.datadir, "get", "header", node.head(), "--json"), json.dumps(header, separators=(",", ":")) + "\n",
              "the same by hash")
        rows = json.loads(db(node.datadir, "list", "canonical", "--from", "3", "--to", "5", "--json"))
        equal([row["key"] for row in rows], ["3", "4", "5"], "rows in a range")
        check("Checked" in db(node.datadir, "verify", "--deep", "--seals"), "verify says what it checked")
        db(node.datadir, "check")
        copy = os.path.join(scene.folder, "copy")
        db(node.datadir, "checkpoint", copy)
        db(copy, "verify", "--deep")
        for action in ("compact", "repair"):
            check("already used" in db(node.datadir, action, expect=3), f"{action} is refused while the node runs")
        check("already used" in db(node.datadir, "rewind", "3", expect=3), "rewind is refused while the node runs")
        node.stop()
        db(node.datadir, "compact")
        db(node.datadir, "rewind", "5")
        db(node.datadir, "verify", "--deep")
        equal(node.start().number(), 5, "the head after a rewind")
        node.stop()
        run("import", EMPTY_12, "--datadir", node.datadir)
        equal(json.loads(db(node.datadir, "get", "meta", "heads", "--json"))["value"]["block"]["number"], 12, "head")
        other = scene.node("copied", datadir=copy)
        equal(other.start().number(), 12, "a node on the copy")


def exit_codes():
    with Scenario("codes") as scene:
        scene.init("one", genesis=os.path.join(GETH, "genesis.json"))
        one = os.path.join(scene.folder, "one")
        for wrong in (["frobnicate"], ["get"], ["get", "header"], ["get", "witness", "1"], ["list", "header", "--limit", "x"],
                      ["stats", "--no-such-option"], ["rewind", "many"], ["rewind", "7"], ["get", "header", "zz"]):
            db(one, *wrong, expect=2)
        db(os.path.join(scene.folder, "nowhere"), "stats", expect=3)
        check("no row" in db(one, "get", "canonical", "77", expect=1), "a row that is not there")
        check("5e1fc79c" in db(one, "get", "canonical", "0"), "a row that is there")


def damage_is_found_and_named():
    with Scenario("damage") as scene:
        scene.init("one", genesis=os.path.join(GETH, "genesis.json"))
        one = os.path.join(scene.folder, "one")
        run("import", EMPTY_12, "--datadir", one)
        # The end of a log that was closed.
        log = max(files(one, ".log"), key=os.path.getsize)
        with open(log, "rb") as file:
            whole = file.read()
        with open(log, "wb") as file:
            file.write(whole[:-300])
        check(os.path.basename(log) in db(one, "verify", expect=1), "the truncated log is named")
        check(os.path.basename(log) in db(one, "check", expect=1), "by check too")
        with open(log, "wb") as file:
            file.write(whole)
        db(one, "verify", "--deep")
        db(one, "compact")
        rng = random.Random(3)
        for path in files(one, ".sst"):
            with open(path, "rb") as file:
                whole = bytearray(file.read())
            at = rng.randrange(len(whole) - 53)
            whole[at] ^= 1
            with open(path, "wb") as file:
                file.write(whole)
            report = db(one, "verify", "--json", expect=1)
            check(os.path.basename(path) in report, f"{path}, damaged at byte {at}, is named:\n{report}")
            whole[at] ^= 1
            with open(path, "wb") as file:
                file.write(whole)
        db(one, "verify", "--deep")


def a_lost_manifest_is_mended_whatever_the_files_went_through():
    """Merged files, erased ranges and rows written since: RocksDB's own repair takes each file for of one age."""
    with Scenario("repair") as scene:
        chain = os.path.join(scene.folder, "chain.rlp")
        with open(chain, "wb") as file:
            subprocess.run(["xz", "-dc", os.path.join(FIXTURES, "clique", "clique-2k.rlp.xz")], stdout=file, check=True)
        scene.init("one", genesis=os.path.join(FIXTURES, "clique", "genesis.json"))
        one = os.path.join(scene.folder, "one")
        run("import", chain, "--datadir", one, timeout=300)
        db(one, "compact")
        db(one, "repair")  # nothing is damaged: it makes the indexes anew
        with open(os.path.join(chaindata(one), "CURRENT"), "wb"):
            pass
        check("CURRENT" in db(one, "check", expect=3), "the lost file is named")
        check("lost:" not in db(one, "repair"), "all was there")
        db(one, "verify", "--deep")


def geth_173_answers_are_the_golden_ones():
    with Scenario("geth") as scene:
        source = geth_datadir(scene)
        before = picture(source)
        ours = os.path.join(scene.folder, "ours")
        run("migrate", "geth", source, "--datadir", ours)
        equal(picture(source) == before, True, "the source is as it was")
        db(ours, "verify", "--deep", "--seals")
        node = scene.node("ours").start()
        equal(node.head(), TIP_360, "head")
        with lzma.open(os.path.join(GETH, "golden.json.xz")) as file:
            golden = json.load(file)
        for entry in golden:
            if entry["method"] == "eth_protocolVersion":
                continue  # what a node speaks is not in its data dir
            try:
                answer = node.rpc(entry["method"], *entry["params"])
            except RpcError as error:
                equal(error.error["code"], entry.get("error", {}).get("code"), f"{entry['method']} {entry['params']}: {error}")
                continue
            if "error" in entry or not covers(entry["result"], answer):
                check(False, f"{entry['method']} {entry['params']}: geth {entry}, ours {answer}")
        coinbase = node.rpc("eth_accounts")[0]
        equal(coinbase, "0x6688c4e945963e690a277d537ad934877f79a262", "geth's account")
        node.rpc("miner_setEtherbase", coinbase)
        check(node.mine_to(362) >= 362, "mining goes on")
        node.stop()
        db(ours, "verify", "--deep")


def verify_if_made(datadir):
    """A kill may come before the database is made; from then on it is sound."""
    command = [QUARRY, "db", "verify", "--deep", "--datadir", datadir]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    half_made = done.returncode == 3 and ("not made to its end" in done.stdout or "no database" in done.stdout)
    check(done.returncode == 0 or half_made, f"verify says {done.returncode}:\n{done.stdout}")


def killed_again_and_again(scene, name, command, prepare):
    """Runs `command` with kills at random instants until it has come through; the database is sound after each."""
    rng = random.Random(hash(name) & 0xFFFF)
    datadir = os.path.join(scene.folder, name + "-whole")
    prepare(datadir)
    begun = time.time()
    run(*command(datadir))
    takes = time.time() - begun
    wanted = db(datadir, "get", "meta", "heads", "--json")
    kills = rounds = 0
    while kills < KILLS // 2:
        datadir = os.path.join(scene.folder, f"{name}-{rounds}")
        rounds += 1
        prepare(datadir)
        while True:
            process = subprocess.Popen([QUARRY, *command(datadir)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(rng.uniform(0, takes))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            verify_if_made(datadir)
            if process.returncode == 0:
                break
            equal(process.returncode, -signal.SIGKILL, "how it ended")
            kills += 1
            if kills % 7 == 0:
                run(*command(datadir))
        equal(db(datadir, "get", "meta", "heads", "--json"), wanted, "heads after a rerun")
        shutil.rmtree(datadir)
    print(f"  {kills} kills, {rounds} data dirs", flush=True)


def a_migration_is_killed():
    with Scenario("kill-migrate") as scene:
        source = geth_datadir(scene)
        before = picture(source)
        killed_again_and_again(scene, "migrate", lambda d: ["migrate", "geth", source, "--datadir", d], lambda d: None)
        equal(picture(source) == before, True, "the source is as it was")


def an_import_is_killed():
    with Scenario("kill-import") as scene:
        genesis = os.path.join(GETH, "genesis.json")
        killed_again_and_again(scene, "import", lambda d: ["import", FULL_360, "--datadir", d],
                               lambda d: run("init", genesis, "--datadir", d))


def a_full_disk_costs_nothing():
    with Scenario("full") as scene:
        source = geth_datadir(scene)
        disk = os.path.join(scene.folder, "disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk], capture_output=True)
        if mounted.returncode != 0:
            print("  SKIPPED: this user may not mount a small disk", flush=True)
            return
        try:
            datadir = os.path.join(disk, "ours")
            out = run("migrate", "geth", source, "--datadir", datadir, expect=1)
            check("No space left" in out, f"the error says why:\n{out}")
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            verify_if_made(datadir)
            run("migrate", "geth", source, "--datadir", datadir)
            db(datadir, "verify", "--deep")
            equal(json.loads(db(datadir, "get", "meta", "heads", "--json"))["value"]["block"]["hash"], TIP_360, "head")
        finally:
            subprocess.run(["umount", disk], check=False)


if __name__ == "__main__":
    main([inspection_beside_a_running_node, exit_codes, damage_is_found_and_named, a_lost_manifest_is_mended_whatever_the_files_went_through,
          geth_173_answers_are_the_golden_ones,
          a_migration_is_killed, an_import_is_killed, a_full_disk_costs_nothing])
