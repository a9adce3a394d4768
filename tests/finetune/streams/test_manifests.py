"""Signed revisions: only what the named hotkey vouches for is drawn from, by the same rule on every machine."""

import json
from functools import partial

import pytest
from bittensor.sp_core import Keypair

from finetune.errors import StreamError
from finetune.hub.port import HubFile, Listing
from finetune.signing import sign
from finetune.streams import hub_files, manifests
from finetune.streams.hub_files import Dataset, fetch_files
from finetune.streams.manifests import signed_files
from tests.finetune.hub.datasets import sha256, texts
from tests.finetune.streams.remote import ROUND

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

ADA, EVE = Keypair.create_from_uri("//ada"), Keypair.create_from_uri("//eve")
A, B, C = (texts(letter) for letter in "abc")


def manifest(name, content, *, repository, hotkey=ADA, **changes):
    files = {f"data/{name}.parquet": {"bytes": len(content), "sha256": sha256(content)}}
    record = {"format": 1, "repository": repository, "date": "1970-01-01T00:20:00Z", "files": files}
    return json.dumps(sign(record | changes, hotkey)).encode()


def signed(hotkey=ADA, **contents):
    """Data files by name, each with its manifest."""
    files = {f"data/{name}.parquet": content for name, content in contents.items()}
    manifests = {
        f"manifests/{name}.json": partial(manifest, name, one, hotkey=hotkey) for name, one in contents.items()
    }
    return files | manifests


def new(hub, files, *, time):
    """A dataset with these files; one that is called with the dataset's name gives its content."""
    repository = hub.new(time=time)
    add(hub, repository, files, time=time)
    return repository


def add(hub, repository, files, *, time):
    """Another revision, likewise."""
    made = {path: one(repository=repository) if callable(one) else one for path, one in files.items()}
    return hub.publish(repository, made, time=time)


def drawn(machine, repository, **options):
    """The paths that a round draws from."""
    given = {"files": "*.parquet", "revision": "", "fresh": False, "signer": ADA.ss58_address} | options
    found = fetch_files(Dataset(stream="s", repository=repository, **given), ROUND, machine.sources)
    return [file.name.split("/", 2)[2] for file in found]


def test_files_that_the_signer_vouches_for_are_drawn_from(hub, new_machine):
    repository = new(hub, signed(a=A, b=B), time=1500.0)
    assert drawn(new_machine(), repository) == ["data/a.parquet", "data/b.parquet"]


def test_files_that_another_one_signed_are_not(hub, new_machine):
    repository = new(hub, signed(a=A), time=1500.0)
    said = f"manifests/a.json is signed by {ADA.ss58_address}, and must be by {EVE.ss58_address}"
    with pytest.raises(StreamError, match=rf"^stream s: {repository} at [0-9a-f]{{12}} is not to be trusted: {said}$"):
        drawn(new_machine(), repository, signer=EVE.ss58_address)
    assert drawn(new_machine(), repository, signer="") == ["data/a.parquet"]


@pytest.mark.parametrize("changed", [texts("b"), texts("another text of another size"), A + b"x"])
def test_a_file_that_was_changed_under_its_manifest_is_refused(changed, hub, new_machine):
    repository = new(hub, signed(a=A, b=B) | {"data/a.parquet": changed}, time=1500.0)
    with pytest.raises(StreamError, match=r"data/a\.parquet holds other bytes than manifests/a\.json says"):
        drawn(new_machine(), repository)


@pytest.mark.parametrize("path", ["a.parquet", "more/data/a.parquet", "data/a/a.parquet", "data/..parquet"])
def test_a_file_that_can_have_no_manifest_is_refused(path, hub, new_machine):
    repository = new(hub, signed(a=A) | {path: B}, time=1500.0)
    with pytest.raises(StreamError, match=f"'{path}' has no manifest; only files called data/NAME"):
        drawn(new_machine(), repository)
    if path == "a.parquet":
        assert drawn(new_machine(), repository, files="data/*") == ["data/a.parquet"]


def test_a_signed_file_under_another_name_is_refused(hub, new_machine):
    files = {"data/b.parquet": A, "manifests/b.json": partial(manifest, "a", A)}
    with pytest.raises(StreamError, match=r"manifests/b\.json does not say what data/b\.parquet holds"):
        drawn(new_machine(), new(hub, files, time=1500.0))


def test_a_file_that_is_signed_for_another_dataset_is_refused(hub, new_machine):
    files = {"data/a.parquet": A, "manifests/a.json": manifest("a", A, repository="ada/other")}
    repository = new(hub, files, time=1500.0)
    with pytest.raises(StreamError, match=rf"a\.json is for the dataset 'ada/other', and lies in {repository}$"):
        drawn(new_machine(), repository)


def entry(**changes):
    return {"files": {"data/a.parquet": {"bytes": len(A), "sha256": sha256(A)} | changes}}


HOSTILE = {
    "empty": (b"", "is no manifest"),
    "no JSON": (b"PAR1", "is no manifest"),
    "no UTF-8": (b"\xff\xfe", "is no manifest: it is not UTF-8"),
    "no object": (b"[]", "is no manifest: it is not a JSON object"),
    "a bomb": (b"[" * 500_000, "is no manifest: it is nested too deeply"),
    "a bomb in an object": (b'{"record":' * 100 + b"{}" + b"}" * 100, "is no manifest: it is nested too deeply"),
    "a key twice": (b'{"record": {}, "record": {}}', "is no manifest: it has the same key twice"),
    "a number of a million digits": (b'{"record": ' + b"9" * 900_000 + b"}", "is no manifest"),
    "a number that is none": (b'{"record": NaN}', "is no manifest"),
    "huge": (b" " * (manifests.MOST_BYTES + 1), "has 1,000,001 bytes; a manifest has at most 1,000,000"),
    "nothing in it": (b"{}", "is signed by nobody"),
    "not signed": (b'{"record": {}, "hotkey": null, "signature": null}', "is signed by nobody"),
    "other types": (b'{"record": [], "hotkey": 5, "signature": {}}', "is signed by nobody"),
    "an address of another": (
        lambda **to: json.dumps(json.loads(manifest("a", A, hotkey=EVE, **to)) | {"hotkey": ADA.ss58_address}).encode(),
        "is signed by nobody",
    ),
    "a changed record": (
        lambda **to: manifest("a", A, **to).replace(b'"format": 1', b'"format": 2'),
        "is signed by nobody",
    ),
    "another format": (partial(manifest, "a", A, format=2), "has format 2; this reader knows format 1"),
    "a format like it": (partial(manifest, "a", A, format=True), "has format True"),
    "no files": (partial(manifest, "a", A, files=None), "does not say what"),
    "files of another kind": (partial(manifest, "a", A, files=["data/a.parquet"]), "does not say what"),
    "an entry of another kind": (partial(manifest, "a", A, files={"data/a.parquet": "x"}), "does not say what"),
    "a size of another kind": (partial(manifest, "a", A, **entry(bytes=str(len(A)))), "does not say what"),
    "a digest of another kind": (partial(manifest, "a", A, **entry(sha256=None)), "does not say what"),
    "another size": (partial(manifest, "a", A, **entry(bytes=len(A) + 1)), "holds other bytes"),
    "another digest": (partial(manifest, "a", A, **entry(sha256="0" * 64)), "holds other bytes"),
    "no date": (partial(manifest, "a", A, date=None), "has the date None; it must be like 2026-11-21T06:00:00Z"),
    "a date of another kind": (partial(manifest, "a", A, date="1970-01-01"), "has the date '1970-01-01'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_manifest_is_one_sentence(name, hub, new_machine):
    content, said = HOSTILE[name]
    repository = new(hub, {"data/a.parquet": A, "manifests/a.json": content}, time=1500.0)
    with pytest.raises(StreamError, match=f"is not to be trusted: .*{said}") as error:
        drawn(new_machine(), repository)
    assert len(str(error.value)) < 500
    assert "\n" not in str(error.value)


# Which revision counts


def test_a_newer_revision_that_is_not_signed_does_not_stop_a_round(hub, new_machine):
    repository = new(hub, signed(a=A), time=500.0)
    add(hub, repository, signed(a=A, b=B), time=1200.0)
    add(hub, repository, signed(a=A, b=B) | {"data/c.parquet": C}, time=1300.0)
    add(hub, repository, {"README.md": b"empty"}, time=1400.0)
    for options in ({}, {"fresh": True}):
        machine = new_machine()
        expected = ["data/b.parquet"] if options else ["data/a.parquet", "data/b.parquet"]
        assert drawn(machine, repository, **options) == expected
        passed_over = [line for line in machine.said if line.startswith(f"stream s passes over {repository} at")]
        assert len(passed_over) == 2
        assert passed_over[1].endswith("data/c.parquet has no manifest manifests/c.json")


def test_the_revision_that_stood_at_the_windows_start_may_count_and_none_before_it(hub, new_machine):
    repository = new(hub, signed(a=A), time=400.0)
    add(hub, repository, signed(a=A, b=B), time=500.0)
    add(hub, repository, {"data/c.parquet": C}, time=1500.0)
    assert drawn(new_machine(), repository) == ["data/a.parquet", "data/b.parquet"]
    other = new(hub, signed(a=A), time=400.0)
    add(hub, other, {"data/c.parquet": C}, time=500.0)
    with pytest.raises(StreamError, match=r"data/c\.parquet has no manifest"):
        drawn(new_machine(), other)


def test_the_error_is_about_the_newest_revision(hub, new_machine):
    repository = new(hub, {"data/a.parquet": A}, time=1200.0)
    newest = add(hub, repository, signed(a=A) | {"data/b.parquet": B}, time=1300.0)
    with pytest.raises(StreamError, match=rf"at {newest[:12]} is not to be trusted: data/b\.parquet has no manifest"):
        drawn(new_machine(), repository)


def test_only_so_many_revisions_are_looked_at(hub, new_machine, monkeypatch):
    monkeypatch.setattr(hub_files, "MOST_REVISIONS", 2)
    repository = new(hub, signed(a=A), time=1100.0)
    add(hub, repository, {"data/b.parquet": B}, time=1200.0)
    assert drawn(new_machine(), repository) == ["data/a.parquet"]
    add(hub, repository, {"data/c.parquet": C}, time=1300.0)
    with pytest.raises(StreamError, match=r"data/c\.parquet has no manifest"):
        drawn(new_machine(), repository)


def test_an_old_file_needs_no_manifest_where_only_fresh_ones_are_drawn_from(hub, new_machine):
    repository = new(hub, {"old.parquet": A}, time=500.0)
    add(hub, repository, {"old.parquet": A} | signed(b=B), time=1500.0)
    assert drawn(new_machine(), repository, fresh=True) == ["data/b.parquet"]


def dated(name, content, date):
    return {f"data/{name}.parquet": content, f"manifests/{name}.json": partial(manifest, name, content, date=date)}


def test_a_signed_file_that_was_removed_before_the_window_and_put_back_in_it_is_not_fresh(hub, new_machine):
    old = dated("a", A, "1970-01-01T00:16:39Z")  # one second before the window's start
    repository = new(hub, old, time=999.0)
    add(hub, repository, {"README.md": b"empty"}, time=999.5)
    add(hub, repository, old, time=1500.0)
    with pytest.raises(StreamError, match=r"has no new file that matches '\*\.parquet'$"):
        drawn(new_machine(), repository, fresh=True)
    assert drawn(new_machine(), repository) == ["data/a.parquet"]
    add(hub, repository, old | dated("b", B, "1970-01-01T00:16:40Z"), time=1600.0)
    assert drawn(new_machine(), repository, fresh=True) == ["data/b.parquet"]


def test_a_named_revision_is_signed_or_refused(hub, new_machine):
    repository = new(hub, signed(a=A), time=1500.0)
    bad = add(hub, repository, {"data/a.parquet": A}, time=1600.0)
    good = add(hub, repository, signed(a=A, b=B), time=1700.0)
    assert drawn(new_machine(), repository, revision=good) == ["data/a.parquet", "data/b.parquet"]
    with pytest.raises(StreamError, match=r"data/a\.parquet has no manifest"):
        drawn(new_machine(), repository, revision=bad)


def test_a_large_file_is_judged_by_the_hubs_own_digest_and_not_fetched(tmp_path):
    (tmp_path / "m").write_bytes(manifest("a", A, repository="ada/d"))
    large = HubFile(path="data/a.parquet", size=len(A), content=sha256(A))
    there = HubFile(path="manifests/a.json", size=100, content="0" * 40)
    listing = Listing(repository="ada/d", revision="0" * 40, private=False, files=(large, there))
    asked = []

    def fetch(files):
        asked.extend(files)
        return [tmp_path / "m"]

    assert signed_files(ADA.ss58_address, listing, [large], fetch) == [large]
    assert asked == [there]
