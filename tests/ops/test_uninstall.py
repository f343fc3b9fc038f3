"""`make uninstall` on a Mac that is not one."""

from tests.ops.fake_mac import SERVER, Mac, NewMac


def test_uninstall_keeps_data(served: Mac) -> None:
    """Code and jobs go; configuration, models, logs and the account stay, for the next install."""
    served.config.write_text("limits: {streams: 3}\n")

    assert served.run("uninstall").returncode == 0

    assert served.jobs == {}
    assert not served.code.exists()
    assert list(served.plists.iterdir()) == []
    assert not served.newsyslog.exists()
    assert (served.state / "models" / "small").exists()
    assert served.record("Users/_lwd") != {}
    assert served.run("uninstall").returncode == 0

    served.install()
    assert served.config.read_text() == "limits: {streams: 3}\n"
    assert served.jobs[SERVER] == "2.0"


def test_purge_leaves_nothing(new_mac: NewMac) -> None:
    """With PURGE=1 the machine is as it was."""
    mac, untouched = new_mac(), new_mac()
    mac.install(GPU_WIRED_LIMIT_MB="12000")

    assert mac.run("uninstall", PURGE="1").returncode == 0

    files = {path for path, what in mac.lies().items() if not what.endswith("directory")}
    assert files == {path for path, what in untouched.lies().items() if "directory" not in what}
    assert mac.record("Users/_lwd") == mac.record("Groups/_lwd") == {}
