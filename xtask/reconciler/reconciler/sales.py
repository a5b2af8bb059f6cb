"""Sales: what buyers took, what sellers were told, and what the ledger charges have to be the same."""

from collections import defaultdict

from .facts import Facts, micros

# How long a record may take to the disk, while it is slow.
SYNC_US = 2_000_000


def double_sales(facts: Facts):
    """More companies have a person than may, or one company has it twice."""
    buyers_max = {name: vertical.get("max_buyers", 1) for name, vertical in facts.catalog["verticals"].items()}
    taken = defaultdict(list)
    for post in facts.posts.values():
        if post.taken and post.person is not None:
            taken[vertical_of(facts, post.campaign), post.person].append(post)
    for (vertical, person), posts in taken.items():
        companies = [company_of(facts, post.campaign) for post in posts]
        distinct = set(companies)
        limit = 1 if any(post.exclusive for post in posts) else buyers_max[vertical]
        if len(distinct) > limit:
            yield f"{person} of {vertical}: {', '.join(sorted(distinct))} all have it, at most {limit} may"
        if len(distinct) < len(companies):
            yield f"{person} of {vertical}: one company has it twice, {', '.join(post.post_id for post in posts)}"


def double_charges(facts: Facts):
    """One acceptance is charged twice, or one lead twice to one company."""
    by_post, by_lead = defaultdict(list), defaultdict(list)
    for charge in facts.charges:
        by_post[charge.post_id].append(charge.entry)
        by_lead[charge.lead_id, charge.buyer].append(charge.post_id)
    for post_id, entries in by_post.items():
        if len(entries) > 1:
            yield f"{post_id} is charged by the entries {entries}"
    for (lead_id, buyer), posts in by_lead.items():
        if len(set(posts)) > 1:
            yield f"{lead_id} is charged to {buyer} for {', '.join(posts)}"


def charges_without_evidence(facts: Facts):
    """A charge of what the buyer's own log does not show as taken at that price, or without its intent."""
    for charge in facts.charges:
        post = facts.posts.get(charge.post_id)
        intent = facts.intents.get(charge.post_id)
        where = f"entry {charge.entry} for {charge.post_id}"
        if post is None:
            yield f"{where}: no buyer ever got the post"
        elif not post.taken:
            yield f"{where}: {post.campaign} answered {post.decision}"
        elif (post.campaign, post.sale_id) != (charge.campaign, charge.sale_id):
            yield f"{where}: {post.campaign} has it as {post.sale_id}"
        elif (post.price, post.currency) != (charge.price, charge.currency):
            yield f"{where}: {charge.price} {charge.currency}, posted at {post.price} {post.currency}"
        elif company_of(facts, post.campaign) != charge.buyer:
            yield f"{where}: charged to {charge.buyer}"
        if intent is None or intent.sequence != charge.intent:
            yield f"{where}: cites {charge.intent} as its intent"
        if not charge.evidence:
            yield f"{where}: cites no evidence"


def lost_sales(facts: Facts):
    """A buyer has the lead, or the seller was told so, and nobody is charged."""
    charged = {charge.post_id for charge in facts.charges}
    sales = {charge.sale_id for charge in facts.charges}
    for post in facts.posts.values():
        if post.taken and post.post_id not in charged:
            yield f"{post.campaign} took {post.post_id} and is not charged"
    for request in facts.requests.values():
        for answer in request.answers:
            for sale_id, _ in answer.sales:
                if sale_id not in sales:
                    yield f"{request.key} was told {sale_id}, which is not charged"


def untold_sales(facts: Facts):
    """A charge of whose sale the seller's last answer says nothing, or another payout."""
    told = {}
    for request in facts.requests.values():
        if request.answers:
            told.update({sale_id: payout for sale_id, payout in request.answers[-1].sales})
    for charge in facts.charges:
        payout = told.get(charge.sale_id)
        if payout is None:
            yield f"{charge.sale_id} of {charge.lead_id} is charged, and its seller does not know"
        elif micros(payout) != charge.payout:
            yield f"{charge.sale_id}: the seller was told {payout}, the ledger has {charge.payout}"


def broken_journal(facts: Facts):
    """A post that left without an intent, or that has two, or two ends."""
    for post in facts.posts.values():
        intent = facts.intents.get(post.post_id)
        if intent is None:
            yield f"{post.campaign} got {post.post_id} without an intent"
        elif intent.at_us > post.first_us:
            yield f"{post.campaign} got {post.post_id} before its intent"
        elif (intent.campaign, intent.price) != (post.campaign, post.price):
            yield f"{post.post_id}: the intent names {intent.campaign} at {intent.price}"
    for intent in facts.intents.values():
        ends = [outcome for outcome, _ in intent.outcomes if outcome != "unknown"] + [
            outcome for outcome, _, _ in intent.resolutions
        ]
        if len(ends) > 1:
            yield f"{intent.post_id} ended {' and '.join(ends)}"
    for post_id in facts.doubled_intents:
        yield f"{post_id} has two intents"
    for orphan in facts.orphans:
        yield f"{orphan} has no intent"
    for post_id in facts.disputes:
        # Buyers here say one thing only, so there is nothing to dispute.
        yield f"{post_id} is disputed"


def broken_posts(facts: Facts):
    """A post again that was another, a buyer that changed its mind, or a message that nobody could read."""
    for post in facts.posts.values():
        if post.changed:
            yield f"{post.post_id} came to {post.campaign} again and was another"
    yield from facts.malformed


def unbalanced(facts: Facts):
    """Entries whose legs do not add up to nothing."""
    yield from facts.unbalanced


def company_of(facts: Facts, campaign: str) -> str:
    """Returns the company of a campaign."""
    return facts.catalog["campaigns"][campaign]["buyer"]


def vertical_of(facts: Facts, campaign: str) -> str:
    """Returns the vertical of a campaign."""
    return facts.catalog["campaigns"][campaign]["vertical"]
