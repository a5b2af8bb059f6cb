"""The catalog of the market, in TOML."""

from .modes import ALL, Campaign, Mode

# Nobody's secrets: the first says "a-buyer-of-the-partner-tests" in base64.
BUYER_SECRET = "whsec_YS1idXllci1vZi10aGUtcGFydG5lci10ZXN0cw=="
SELLER_SECRET = "whsec_YS1zZWxsZXItb2YtdGhlLXBhcnRuZXItdGVzdHM="
# Being rotated: both sign, and whoever knows one of them takes the message.
NEW_SECRET = "whsec_dGhlLXNlY3JldC1vZi10b21vcnJvdy1ub3QtcmVhbA=="

VERTICAL = """
[verticals.{name}]
currency = "EUR"
bid_window = "10s"
answer_by = "40s"
post_timeout = "30s"
offers_held = 2
{settings}
[verticals.{name}.fields.zip]
type = "postal_code"
country = "DE"
required = "ping"
ping = {{ prefix = 2 }}
[verticals.{name}.fields.email]
type = "email"
required = "post"
"""


def catalog(addresses: dict[str, str], webhooks: dict[str, str]) -> str:
    """Returns the catalog of a market whose companies and wire are at these addresses."""
    parts = [VERTICAL.format(name=mode.name, settings=mode.settings) for mode in ALL]
    for company in ("north", "south"):
        parts.append(f'[buyers.{company}]\nlegal_name = "{company.title()} GmbH"\ntime_zone = "Europe/Berlin"\n')
    for seller, url in webhooks.items():
        parts.append(f'[sellers.{seller}]\nwebhook_url = "{url}"\nwebhook_secret = "{SELLER_SECRET}"\n')
        if seller == "watched":
            # One event of one lead is looked at, whatever else there would be to tell.
            parts.append('webhook_events = ["lead.settled"]\n')
        parts.extend(f'[sellers.{seller}.agreements.{mode.name}]\npayout = {{ margin = "20%" }}\n' for mode in ALL)
    parts.extend(_campaign(mode, campaign, addresses) for mode in ALL for campaign in mode.campaigns)
    return "\n".join(parts)


def _campaign(mode: Mode, campaign: Campaign, addresses: dict[str, str]) -> str:
    address = addresses[campaign.company]
    post = f"{addresses['wire']}/{campaign.by_wire}" if campaign.by_wire else address
    ping = post if campaign.by_wire == "pass" else address
    lines = [
        f"[campaigns.{campaign.company}-{mode.name}]",
        f'buyer = "{campaign.company}"',
        f'vertical = "{mode.name}"',
        f'signing_secrets = ["{NEW_SECRET}", "{BUYER_SECRET}"]',
        campaign.settings.replace("{north}", addresses["north"]),
        f'post = {{ url = "http://{post}/post" }}',
    ]
    if campaign.bid is not None:
        lines.append(f'ping = {{ url = "http://{ping}/ping" }}')
        lines.append(f'notices = {{ url = "http://{ping}/notices" }}')
    return "\n".join(lines) + "\n"
