# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's STUN clients against our server, our client against theirs, behind every kind of NAT,
which is Linux' own (nftables) and our natbox: all name the type that was configured.

All networks are built first and all programs run at once: most of their time is waiting for answers
that rightly do not come.
"""

import json
import re
from dataclasses import dataclass, field

import pytest

from isblab.netlab import FIREWALL, NAT_TYPES, Net, missing_capability, nat_rules
from isblab.paths import build_dir

PUBLIC = "public"
KINDS = (*NAT_TYPES, FIREWALL, PUBLIC)
# Presets of natbox beside the four types. Plain masquerade has no type of its own: what it does
# depends on which ports are taken already.
FURTHER = {"cgn": "full-cone", "linux-masquerade-random": "symmetric"}
PLACES = ([("nftables", kind) for kind in KINDS]
          + [("natbox", kind) for kind in (*NAT_TYPES, *FURTHER)])
PRIMARY, ALTERNATE, EXTERNAL = "198.51.100.1", "198.51.100.2", "198.51.100.9"
PATIENCE = 60.0

# Mapping and filtering as the RFCs call them.
EIM, ADM, APDM = "endpoint-independent", "address-dependent", "address-and-port-dependent"
BEHAVIOUR = {"full-cone": (EIM, EIM), "restricted-cone": (EIM, ADM),
             "port-restricted-cone": (EIM, APDM), "symmetric": (APDM, APDM), "cgn": (EIM, EIM),
             "linux-masquerade-random": (APDM, APDM), FIREWALL: (EIM, APDM), PUBLIC: (EIM, EIM)}

# What turnutils_natdiscovery (coturn 4.6) prints: RFC 5780's words. It prints the mapping of hosts that
# are not translated as endpoint-independent, unless its local address is given.
DISCOVERY = {"NAT with Endpoint Independent Mapping!": EIM, "NAT with Address Dependent Mapping!": ADM,
             "NAT with Address and Port Dependent Mapping!": APDM,
             "NAT with Endpoint Independent Filtering!": EIM,
             "NAT with Address Dependent Filtering!": ADM,
             "NAT with Address and Port Dependent Filtering!": APDM}

# What Debian's stun (stun-client 0.97, RFC 3489) prints after "Primary: ".
STUN_CLIENT = {"full-cone": "Independent Mapping, Independent Filter",
               "restricted-cone": "Independent Mapping, Address Dependent Filter",
               "port-restricted-cone": "Independent Mapping, Port Dependent Filter",
               "symmetric": "Dependent Mapping", FIREWALL: "Firewall", PUBLIC: "Open"}
STUN_CLIENT.update({preset: STUN_CLIENT[kind] for preset, kind in FURTHER.items()})

# RFC 3489's types as our report prints them.
CLASSIC = {**{kind: kind for kind in NAT_TYPES}, **FURTHER, FIREWALL: "symmetric-firewall", PUBLIC: "open"}


@dataclass
class Site:
    """A host behind one NAT, and the programs that run on it."""

    core: object
    host: object
    programs: dict = field(default_factory=dict)


def build_site(net, kind, translator):
    """core (two addresses) -- box -- host."""
    core, box, host = net.namespace("core"), net.namespace("box"), net.namespace("host")
    by_natbox = translator == "natbox"
    net.wire(core, f"{PRIMARY}/24", box, None if by_natbox else f"{EXTERNAL}/24",
             names=("eth0", "outside"))
    core.address("eth0", f"{ALTERNATE}/24")
    net.wire(box, "10.0.0.1/24", host, "10.0.0.2/24", names=("inside", "eth0"))
    host.route("default", "10.0.0.1")
    if by_natbox:
        net.natbox(box, build_dir() / "bin" / "natbox", f'preset = "{kind}"', EXTERNAL,
                   "198.51.100.0/24")
        return Site(core, host)
    box.forward()
    core.route("10.0.0.0/24", EXTERNAL)
    if kind != PUBLIC:
        box.nft(nat_rules(kind, "outside"))
    return Site(core, host)


def start_ours(net, site):
    """Our server; the clients of others."""
    meter = build_dir() / "bin" / "isblab-meter"
    server = net.start(site.core, meter, "stun-server", PRIMARY, "--alternate", ALTERNATE)
    server.wait_for("^ready")
    site.programs["natdiscovery"] = net.start(site.host, "turnutils_natdiscovery", "-m", "-f", PRIMARY)
    site.programs["stunclient"] = net.start(site.host, "turnutils_stunclient", PRIMARY)
    site.programs["stun"] = net.start(site.host, "stun", PRIMARY)
    for protocol in ((), ("--tcp",)):
        site.programs["ours", *protocol] = net.start(
            site.host, meter, "nat-type", PRIMARY, "--json", "--rto", 200, "--transmissions", 4,
            *protocol)


def start_coturn(net, site, folder):
    """coturn's server with RFC 5780."""
    return net.start(site.core, "turnserver", "-v", "-n", "--stun-only", "--no-tls", "--no-dtls",
                     "--no-cli", "--log-file", "stdout", "--pidfile", folder / "pid", "--userdb",
                     folder / "db", "-L", PRIMARY, "-L", ALTERNATE, "-m", 1)


def ask_coturn(net, site, server):
    """Our client, when coturn serves."""
    for protocol in ("TCP", "UDP"):
        for address in (PRIMARY, ALTERNATE):
            for port in (3478, 3479):
                server.wait_for(f"{protocol} listener opened on *: {address}:{port}")
    meter = build_dir() / "bin" / "isblab-meter"
    for protocol in ((), ("--tcp",)):
        site.programs["coturn", *protocol] = net.start(
            site.host, meter, "nat-type", PRIMARY, "--json", "--rto", 200, "--transmissions", 4,
            *protocol)


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """All sites, by (translator, kind), with all programs started."""
    missing = missing_capability("turnserver", "turnutils_natdiscovery", "turnutils_stunclient", "stun")
    if missing:
        pytest.skip(missing)
    for name in ("isblab-meter", "natbox"):
        if not (build_dir() / "bin" / name).exists():
            pytest.skip(f"{name} is not built")
    with Net() as net:
        made = {place: build_site(net, place[1], place[0]) for place in PLACES}
        twins = {place: build_site(net, place[1], place[0]) for place in PLACES}
        servers = {place: start_coturn(net, twin, tmp_path_factory.mktemp("coturn"))
                   for place, twin in twins.items()}
        for site in made.values():
            start_ours(net, site)
        for place, server in servers.items():
            ask_coturn(net, twins[place], server)
            made[place].programs.update(twins[place].programs)
        yield made


@pytest.fixture(params=PLACES, ids="-".join)
def site(sites, request):
    """One site; `site.kind` is what was configured."""
    found = sites[request.param]
    found.kind = request.param[1]
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """The networks of this module outlive its cases; conftest looks at the end of the session."""


def test_natdiscovery_of_coturn_names_the_type(site):
    lines = site.programs["natdiscovery"].finish(PATIENCE).splitlines()
    found = [DISCOVERY[line] for line in lines if line in DISCOVERY]
    assert tuple(found) == BEHAVIOUR[site.kind]


def test_stun_client_of_debian_names_the_type(site):
    # Its exit status is a code of the type; 0 and 0xff are "could not tell".
    text = site.programs["stun"].finish(PATIENCE, status=None)
    primary = re.search(r"Primary: (.*)", text).group(1)
    assert primary.startswith(STUN_CLIENT[site.kind]), text


def test_stunclient_of_coturn_sees_the_translation(site):
    # After this line it waits for an answer to another port, without end where a NAT stops it.
    seen = site.programs["stunclient"].wait_for(r"UDP reflexive addr: ([\d.]+):").group(1)
    assert seen == ("10.0.0.2" if site.kind in (FIREWALL, PUBLIC) else EXTERNAL)
    if site.kind == PUBLIC:
        text = site.programs["stunclient"].finish(PATIENCE)
        assert len(re.findall("RFC 5780 response", text)) == 3


@pytest.mark.parametrize("server", ["ours", "coturn"])
def test_our_client_names_the_type(site, server):
    report = json.loads(site.programs[server,].finish(PATIENCE))
    assert report["type"] == CLASSIC[site.kind]
    assert (report["mapping"], report["filtering"]) == BEHAVIOUR[site.kind]
    assert report["translated"] == ("no" if site.kind in (FIREWALL, PUBLIC) else "yes")


@pytest.mark.parametrize("server", ["ours", "coturn"])
def test_our_client_names_the_behaviour_of_tcp(site, server):
    # coturn opens no connections, so nobody can tell from it what the filter does with TCP.
    report = json.loads(site.programs[server, "--tcp"].finish(PATIENCE))
    mapping, filtering = BEHAVIOUR[site.kind]
    assert report["mapping"] == mapping
    assert report["filtering"] == (filtering if server == "ours" else "unknown")
