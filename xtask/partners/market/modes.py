"""The modes of sale, as data: who bids what, who answers what, and what has to come of it.

Every vertical is one mode. The exchange keeps a fifth of each price.
"""

from dataclasses import dataclass, field

ACCEPT = {"status": "accepted"}
REJECT = {"status": "rejected", "reason": "outside our area"}


@dataclass(frozen=True)
class Campaign:
    """What a company orders in one vertical."""

    company: str
    bid: dict | None = None  # nothing: it is never asked
    reply: dict = field(default_factory=lambda: ACCEPT)
    settings: str = ""
    by_wire: str = ""  # how its messages pass the wire, "pass" or "lose"; else they come directly


@dataclass(frozen=True)
class Sale:
    """What has to come of one post."""

    company: str
    price: str
    payout: str


@dataclass(frozen=True)
class Mode:
    """A vertical, its campaigns, and what has to come of a lead."""

    name: str
    campaigns: tuple[Campaign, ...]
    sales: tuple[Sale, ...] = ()
    settings: str = ""
    two_step: bool = False
    post: dict = field(default_factory=dict)
    reason: str = ""  # of a lead that is not sold


def bids(price: str, **more: object) -> dict:
    """Returns a bid."""
    return {"bid": price, **more}


MODES = (
    Mode("exclusive", (Campaign("north", bids("40.00", bid_id="n-17")), Campaign("south", bids("30.00"))),
         sales=(Sale("north", "40.00", "32.00"),)),
    Mode("shared",
         (Campaign("north", bids("30.00", currency="EUR"), ACCEPT | {"redirect_url": "https://north.example/thanks"}),
          Campaign("south", bids("28.00", max_buyers=2))),
         sales=(Sale("north", "30.00", "24.00"), Sale("south", "28.00", "22.40")), settings="max_buyers = 2"),
    Mode("exclusive-in-shared",
         (Campaign("north", {"bids": [bids("60.00", max_buyers=1, bid_id="a"), bids("25.00", bid_id="b")]}),
          Campaign("south", bids("20.00"))),
         sales=(Sale("north", "60.00", "48.00"),), settings="max_buyers = 2"),
    Mode("second-price", (Campaign("north", bids("40.00")), Campaign("south", bids("30.00"))),
         sales=(Sale("north", "30.00", "24.00"),), settings='rule = "second_price"\nreserve = "5.00"'),
    Mode("standing", (Campaign("north", settings='price = "20.00"'),), sales=(Sale("north", "20.00", "16.00"),)),
    Mode("price-in-post",
         (Campaign("north", bids("40.00"), ACCEPT | {"price": "36.00"}, 'on_lower_price = "accept"'),),
         sales=(Sale("north", "36.00", "28.80"),)),
    Mode("rejected", (Campaign("north", bids("40.00"), REJECT), Campaign("south", bids("35.00"))),
         sales=(Sale("south", "35.00", "28.00"),)),
    Mode("known-to-north",
         (Campaign("north", bids("40.00"), {"status": "duplicate"}), Campaign("south", bids("35.00"))),
         sales=(Sale("south", "35.00", "28.00"),)),
    Mode("declined", (Campaign("north", bids("0")), Campaign("south", {"bids": []})), reason="no_bid"),
    Mode("two-step", (Campaign("north", bids("40.00")), Campaign("south", bids("35.00"))),
         sales=(Sale("north", "40.00", "32.00"),), two_step=True),
    # The chosen offer of 32.00 is rejected; the next one would pay 28.00, and the exchange adds what is missing.
    Mode("two-step-fallback", (Campaign("north", bids("40.00"), REJECT), Campaign("south", bids("35.00"))),
         sales=(Sale("south", "35.00", "32.00"),), two_step=True),
    Mode("two-step-without-fallback",
         (Campaign("north", bids("40.00"), REJECT), Campaign("south", bids("35.00"))),
         two_step=True, post={"fallback": "none"}, reason="posts_rejected"),
)

# Posts whose first reply gets lost. The buyer is posted to again, or asked.
LOST = (
    Mode("lost-and-posted-again", (Campaign("north", bids("40.00"), by_wire="lose"),),
         sales=(Sale("north", "40.00", "32.00"),)),
    Mode("lost-and-rejected", (Campaign("north", bids("40.00"), REJECT, by_wire="lose"),), reason="posts_rejected"),
    Mode("lost-and-asked",
         (Campaign("north", bids("40.00"), by_wire="lose",
                   settings='idempotent = false\nstatus_url = "http://{north}/posts/{post_id}"'),),
         sales=(Sale("north", "40.00", "32.00"),)),
)

# Sales that settle at once, and messages that a test keeps.
OTHERS = (
    Mode("settled", (Campaign("north", bids("40.00")),), sales=(Sale("north", "40.00", "32.00"),),
         settings='return_window = "0s"'),
    Mode("watched", (Campaign("north", bids("40.00"), by_wire="pass"),), sales=(Sale("north", "40.00", "32.00"),),
         settings='return_window = "0s"'),
)

ALL = MODES + LOST + OTHERS


def orders(company: str, secret: str) -> dict:
    """Returns what a company's program is told to answer."""
    told = {}
    for mode in ALL:
        for campaign in mode.campaigns:
            if campaign.company == company:
                told[f"{company}-{mode.name}"] = {"bid": campaign.bid, "reply": campaign.reply}
    return {"secret": secret, "campaigns": told}
