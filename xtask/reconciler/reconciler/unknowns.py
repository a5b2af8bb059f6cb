"""Unknown posts: each has a cause that was injected, each such cause made one, and all are resolved."""

from .facts import Facts, Intent

# Faults of a buyer's answer after which its decision is still readable, or is none of the post's.
READABLE = {"negative", "absurd", "exponent", "comma", "too_precise", "wrong_currency"}


def unknown_posts(facts: Facts) -> dict[str, Intent]:
    """Returns the posts of which the journal did not know the outcome from their answer."""
    return {
        intent.post_id: intent
        for intent in facts.intents.values()
        if not any(outcome != "unknown" for outcome, _ in intent.outcomes)
    }


def faulty_posts(facts: Facts) -> set[str]:
    """Returns the posts whose first answer nobody could read."""
    return {post.post_id for post in facts.posts.values() if post.fault is not None and post.fault not in READABLE}


def cut_off_by(facts: Facts, intent: Intent):
    """Returns the end of a process that cut a post off, if there was one while it was under way."""
    noted = [at_us for outcome, at_us in intent.outcomes if outcome == "unknown"]
    for end in facts.ends:
        under_way = intent.at_us <= end.gone_us and end.at_us <= intent.give_up_us
        # One that was written down as unknown before had another cause.
        if under_way and not any(at_us < end.at_us for at_us in noted):
            return end
    return None


def without_fault(facts: Facts):
    """Unknown posts that nothing explains."""
    faulty = faulty_posts(facts)
    for post_id, intent in unknown_posts(facts).items():
        if post_id not in faulty and cut_off_by(facts, intent) is None:
            yield f"{post_id} to {intent.campaign} at {intent.at_us}"


def fault_without_unknown(facts: Facts):
    """Answers that nobody could read, and that the exchange read all the same."""
    unknown = unknown_posts(facts)
    for post_id in sorted(faulty_posts(facts)):
        if post_id not in unknown:
            post = facts.posts[post_id]
            intent = facts.intents.get(post_id)
            outcomes = intent.outcomes if intent else []
            said = "accepted" if post.taken else "failed"
            if post.fault == "late" and [outcome for outcome, _ in outcomes] == [said]:
                # It came while the process was busy, and was read before the post was given up.
                continue
            yield f"{post_id}: {post.campaign} made {post.fault}, the journal says {outcomes}"


def unresolved(facts: Facts):
    """Unknown posts that stayed so."""
    for post_id, intent in unknown_posts(facts).items():
        if not intent.resolutions:
            yield f"{post_id} to {intent.campaign}"


def kills_in_flight(facts: Facts) -> tuple[int, int]:
    """Returns how many kills came between an intent and its outcome, and how many kills there were."""
    kills = [end for end in facts.ends if end.how == "kill"]
    hit = 0
    # Only posts that a process's end cut off have no outcome of their own.
    open_at_end = [intent for intent in unknown_posts(facts).values()]
    for kill in kills:
        hit += any(
            intent.at_us <= kill.at_us <= intent.give_up_us
            and not any(at_us < kill.at_us for _, at_us in intent.outcomes)
            for intent in open_at_end
        )
    return hit, len(kills)


def by_cause(facts: Facts) -> dict[str, int]:
    """Counts unknown posts by what made them so."""
    causes: dict[str, int] = {}
    faulty = faulty_posts(facts)
    for post_id, intent in unknown_posts(facts).items():
        end = cut_off_by(facts, intent)
        if post_id in faulty:
            cause = f"buyer: {facts.posts[post_id].fault}"
        else:
            cause = "nothing" if end is None else f"exchange: {end.why}"
        causes[cause] = causes.get(cause, 0) + 1
    return causes


def by_resolution(facts: Facts) -> dict[str, int]:
    """Counts unknown posts by how they were resolved."""
    ways: dict[str, int] = {}
    for intent in unknown_posts(facts).values():
        for outcome, by, _ in intent.resolutions[:1]:
            way = f"{by}: {outcome}"
            ways[way] = ways.get(way, 0) + 1
        if not intent.resolutions:
            ways["not at all"] = ways.get("not at all", 0) + 1
    return ways
