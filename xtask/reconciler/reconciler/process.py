"""The exchange's process: it ends when it has to and as it has to."""

from .facts import Facts
from .unknowns import kills_in_flight

# At least this part of the kills has to come between an intent and its outcome, or the run has shown too little.
IN_FLIGHT_PARTS = 5
# What is no reason to end: nothing at all, and a disk that still has room for what is under way.
LIVABLE = {"by itself", "disk almost full"}
# Fewer kills than this prove nothing about their share.
KILLS_MIN = 5


def ended_wrongly(facts: Facts):
    """Ends that were not as they should be."""
    for end in facts.ends:
        if end.how == "drain" and end.code != 0:
            yield f"a drain at {end.at_us} ended with {end.code}"
        elif end.how == "ignored":
            yield f"{end.why} at {end.at_us} was ignored: the process ran on"
        elif end.how == "exit" and end.code is None:
            yield f"the process was aborted at {end.at_us} instead of ending with a code: {end.why}"
        elif end.how == "exit" and end.code != 1:
            yield f"the process ended at {end.at_us} with {end.code} instead of 1: {end.why}"
        elif end.how == "exit" and end.why in LIVABLE:
            yield f"the process ended at {end.at_us} with {end.code}: {end.why}"


def kills_beside(facts: Facts):
    """A run whose kills came at moments at which nothing could be lost."""
    hit, kills = kills_in_flight(facts)
    if kills >= KILLS_MIN and hit * IN_FLIGHT_PARTS < kills:
        yield f"{hit} of {kills} kills came between an intent and its outcome"
