"""The upstream of all measurements: an unbound that answers any name below one from memory, over DoT and DoH."""
import servers

ZONE = "many.example.com"
ADDRESS = "192.0.2.7"
TTL = 3600


def answering_all(directory, authority, core, **options):
    """A servers.Unbound for the processor `core`: A of whatever is below ZONE is ADDRESS."""
    return servers.Unbound(directory, authority.good(), zones={}, idle_ms=120000, command=["taskset", "-c", str(core)], local_data=[
        f'local-zone: "{ZONE}." redirect', f'local-data: "{ZONE}. {TTL} A {ADDRESS}"', "log-queries: no"], **options)


def write_names(path, prefix, count):
    """A file for dnsperf: `count` names that no other prefix makes."""
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{prefix}-{number:08d}.{ZONE} A\n" for number in range(count))
    return path
