"""Caps: what each campaign and company took in a window, from the buyers' log, against the catalog."""

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from .facts import Facts, micros
from .sales import company_of


def usage(facts: Facts):
    """Yields (owner, kind, window, cap, used) for every cap and every window in which something was used."""
    for name, campaign in facts.catalog["campaigns"].items():
        posts = [post for post in facts.posts.values() if post.campaign == name]
        buyer = facts.catalog["buyers"][campaign["buyer"]]
        yield from of_owner(facts, f"campaign {name}", campaign.get("caps", {}), buyer, posts)
    for name, buyer in facts.catalog["buyers"].items():
        if buyer.get("caps"):
            posts = [post for post in facts.posts.values() if company_of(facts, post.campaign) == name]
            yield from of_owner(facts, f"buyer {name}", buyer["caps"], buyer, posts)


def of_owner(facts: Facts, owner: str, caps: dict, buyer: dict, posts: list):
    """Yields the same for one owner of caps."""
    for kind, windows in caps.items():
        for unit, cap in windows.items():
            used = defaultdict(int)
            for post in posts:
                if kind == "sent" or post.taken:
                    window = window_of(facts, post, unit, buyer)
                    used[window] += post.price if kind == "budget" else 1
            limit = micros(cap) if kind == "budget" else cap
            for window, amount in sorted(used.items()):
                yield owner, kind, window, limit, amount


def broken(facts: Facts):
    """Windows in which more was used than the cap allows."""
    for owner, kind, window, cap, used in usage(facts):
        if used > cap:
            yield f"{owner}: {kind} of {window} is {used}, the cap is {cap}"


def window_of(facts: Facts, post, unit: str, buyer: dict) -> str:
    """Names the window of a post: that in which its intent was written, in the buyer's zone."""
    if unit == "total":
        return "total"
    intent = facts.intents.get(post.post_id)
    at_us = post.first_us if intent is None else intent.at_us
    moment = datetime.fromtimestamp(at_us / 1_000_000, timezone.utc)
    zone = buyer.get("time_zone", "UTC")
    local = moment if zone == "UTC" else moment.astimezone(ZoneInfo(zone))
    if unit == "hour":
        # By the hour of the world: a repeated hour in autumn is two windows.
        return f"hour {moment:%Y-%m-%dT%H}Z"
    if unit == "week":
        days = local.weekday() if buyer.get("week_starts", "monday") == "monday" else local.isoweekday() % 7
        return f"week {local.date() - timedelta(days=days)}"
    return f"day {local.date()}" if unit == "day" else f"month {local:%Y-%m}"
