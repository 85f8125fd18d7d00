"""What marketing does: campaigns, content pieces, and the ways in which leads come. Draws nothing.

Weeks count back from the week of the last day. A raw campaign string may hold {quarter} and {month}.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLOSER", "CONTENT", "ORIGINS", "UNMATCHED", "Campaign", "Content", "Origin"]

ALWAYS = 104


@dataclass(frozen=True)
class Campaign:
    """`lead_cost` is what a lead costs in its currency; its budget follows from that."""

    id: str
    name: str
    objective: str
    priority: str | None
    lead_cost: float
    strings: tuple[str, ...]
    starts: float = ALWAYS
    weeks: float | None = None
    currency: str = "EUR"


@dataclass(frozen=True)
class Origin:
    """One way in which leads come. `leads` and `visits` are its shares of all; `quality` moves every later odds.

    `strings` by region are in the order of REGIONS. `kind` is that of the touch that creates the lead, None where
    there is none: sales or a partner has made the contact.
    """

    channel: str
    source: str | None
    medium: str | None
    leads: float
    visits: float
    quality: float = 0.0
    campaign: Campaign | None = None
    kind: str | None = "form"
    contents: tuple[str | None, ...] = (None,)
    by_region: bool = False
    wins: float = 0.0
    deal: float = 1.0


@dataclass(frozen=True)
class Content:
    """`published` in weeks before the last day's week."""

    id: str
    title: str
    kind: str
    band: str
    persona: str | None
    published: int = 120


CLOSER = "stock-out-calculator"
CONTENT = (
    Content("stock-guide", "The stock planning guide", "guide", "TOFU", "Head of operations"),
    Content("picking-paths", "Shorter picking paths in ten pictures", "guide", "TOFU", "Warehouse manager"),
    Content("returns-checklist", "Returns: a checklist", "checklist", "TOFU", "Warehouse manager"),
    Content("peak-season", "Getting through peak season", "guide", "TOFU", "Head of operations"),
    Content(
        "forecast-primer", "Forecasting for people who dislike formulas", "guide", "TOFU", "Head of operations", 96
    ),
    Content("erp-ten-questions", "Ten questions to ask of your ERP", "guide", "TOFU", "IT lead", 80),
    Content(
        "warehouse-report", "State of the warehouse: the yearly report", "report", "TOFU", "Head of operations", 70
    ),
    Content("safety-stock", "Safety stock without superstition", "guide", "TOFU", "Finance lead", 55),
    Content("slotting-video", "Slotting in four minutes", "video", "TOFU", "Warehouse manager", 44),
    Content(
        "labour-planning", "Planning shifts when nobody knows the orders", "guide", "TOFU", "Warehouse manager", 20
    ),
    Content("webinar-recording", "Recording: replenishment live", "video", "MOFU", "Head of operations", 90),
    Content("integration-paper", "How integration works, on two pages", "paper", "MOFU", "IT lead"),
    Content("security-paper", "Security and hosting", "paper", "MOFU", "IT lead"),
    Content("buyers-guide", "A buyer's guide to warehouse planning", "guide", "MOFU", "Head of operations"),
    Content("story-hafenwerk", "Hafenwerk halves its stock-outs", "customer story", "MOFU", "Head of operations", 88),
    Content("story-fjellmat", "Fjellmat ships before noon", "customer story", "MOFU", "Warehouse manager", 50),
    Content("pricing-guide", "What it costs, and what not", "guide", "BOFU", "Finance lead"),
    Content("rollout-plan", "Ninety days to the first warehouse", "paper", "BOFU", "IT lead", 72),
    Content("reference-list", "Who works with us", "paper", "BOFU", None),
    # The last of the list: all others are also read by chance.
    Content(CLOSER, "What do stock-outs cost you? The calculator", "tool", "BOFU", "Finance lead"),
)

_GUIDES = (
    "stock-guide",
    "picking-paths",
    "returns-checklist",
    "peak-season",
    "forecast-primer",
    "safety-stock",
    "labour-planning",
)
_EVALUATING = ("buyers-guide", "integration-paper", "pricing-guide", "story-hafenwerk", "story-fjellmat", None, None)


def _webinar(slug: str, name: str, starts: float) -> Origin:
    campaign = Campaign(
        f"webinar-{slug}", f"Webinar: {name}", "Demand", "Stock accuracy", 38.0,
        (f"{{quarter}}_webinar-{slug}", f"webinar-{slug}", f"Webinar-{slug}_FINAL"), starts, 2.2,
    )  # fmt: skip
    return Origin("Event", "webinar", "event", 0.0065, 0.004, 0.1, campaign)


def _fair(place: str, name: str, starts: float, currency: str = "EUR") -> Origin:
    campaign = Campaign(
        f"fair-{place}", name, "Demand", "Enterprise", 145.0, (f"{place} stand", f"fair-{place}"), starts, 0.6, currency
    )
    return Origin("Event", "fair", "event", 0.0065, 0.001, 0.3, campaign, kind="event")


_REGIONAL = tuple(f"search_category_{code}" for code in ("de", "uk", "nordics", "fr", "it", "us"))
_BY_CAMPAIGN = (
    Origin(
        "Paid search", "google", "cpc", 0.105, 0.11, 0.05,
        Campaign("search-category", "Search: warehouse planning", "Demand", "Stock accuracy", 92.0, _REGIONAL),
        contents=_EVALUATING, by_region=True,
    ),
    Origin(
        "Paid search", "google", "cpc", 0.04, 0.05, 0.45,
        Campaign("search-brand", "Search: our name", "Brand", None, 34.0, ("brand-exact", "search-brand")),
        contents=("pricing-guide", None),
    ),
    Origin(
        "Paid search", "bing", "cpc", 0.03, 0.03, -0.15,
        Campaign("search-rivals", "Search: names of rivals", "Demand", None, 118.0, ("rivals_exact", "rivals_broad")),
        contents=_EVALUATING,
    ),
    Origin(
        "Paid search", "google", "cpc", 0.02, 0.02, 0.1,
        Campaign("search-erp", "Search: planning beside the ERP", "Demand", "Integration", 104.0, ("erp_addon",), 62),
        contents=("erp-ten-questions", "integration-paper"),
    ),
    Origin(
        "Social", "linkedin", "paid-social", 0.075, 0.05, -0.2,
        Campaign(
            "linkedin-operations", "LinkedIn: heads of operations", "Demand", "Stock accuracy", 98.0,
            ("LI_ops_v1", "LI_ops_v2", "LI_ops_carousel"),
        ),
        contents=_GUIDES,
    ),
    Origin(
        "Social", "linkedin", "paid-social", 0.018, 0.012, 0.45,
        Campaign("linkedin-accounts", "LinkedIn: the accounts we want", "Demand", "Enterprise", 235.0, ("LI_abm",), 78),
        contents=_EVALUATING,
    ),
    Origin(
        "Social", "facebook", "paid-social", 0.014, 0.02, -0.35,
        Campaign("retargeting", "Seen us before", "Demand", None, 61.0, ("retarget_30d", "retarget_90d")),
    ),
    Origin(
        "E-mail", "newsletter", "email", 0.05, 0.045, 0.2,
        Campaign("newsletter", "Monthly newsletter", "Nurture", None, 24.0, ("nl-{month}",)),
        contents=_GUIDES,
    ),
    Origin(
        "E-mail", "crm", "email", 0.018, 0.015, 0.3,
        Campaign("nurture-series", "Six letters on stock", "Nurture", "Stock accuracy", 31.0, ("nurture_welcome",), 84),
        contents=_EVALUATING,
    ),
    Origin(
        "E-mail", "crm", "email", 0.0022, 0.002, -0.1,
        Campaign(
            "summer-letter", '<b>Summer</b> [letter](https://letter.example "x") | =1+1', "Demand", None, 20.0,
            ("summer_letter",), 34, 3,
        ),
    ),
    # Many leads, no revenue: people who want the article, not the software.
    Origin(
        "Referral", "lagerpraxis.example", "syndication", 0.068, 0.0, -0.42,
        Campaign(
            "portal-downloads", "Trade portal: paid downloads", "Demand", "Stock accuracy", 57.0,
            ("portal_downloads", "Portal-Downloads_{quarter}"), 56,
        ),
        contents=("stock-guide", "peak-season", "warehouse-report", "safety-stock"), wins=-30.0,
    ),
    # Few leads, much revenue: whoever comes to see a customer's warehouse has a project.
    Origin(
        "Event", "visit", "event", 0.008, 0.001, 1.5,
        Campaign("plant-tours", "A morning in a warehouse", "Sales", "Enterprise", 310.0, ("plant_tour",), 98),
        wins=1.0, deal=1.7,
    ),
    Origin(
        "Partner", "partners.example", "partner", 0.032, 0.015, 0.55,
        Campaign("partner-programme", "Recommended by partners", "Demand", "Partners", 48.0, ("partners", "p-prog")),
        contents=("reference-list", None), wins=0.25,
    ),
    Origin(
        "Referral", "podcast.example", "referral", 0.007, 0.008, 0.15,
        Campaign("podcast", "Podcast: Goods in motion", "Brand", None, 130.0, ("podcast_goods",), 46, 30),
    ),
    _webinar("replenishment", "replenishment live", 97),
    _webinar("returns", "returns that pay", 84),
    _webinar("erp", "planning beside the ERP", 71),
    _webinar("picking", "picking paths", 58),
    _webinar("forecasting", "forecasting without formulas", 45),
    _webinar("slotting", "slotting in practice", 32),
    _webinar("labour", "shifts when nobody knows the orders", 19),
    _webinar("safety-stock", "safety stock", 6),
    _fair("stuttgart", "Stuttgart fair: stand and dinner", 92),
    _fair("birmingham", "Birmingham warehouse show", 74, "GBP"),
    _fair("atlanta", "Atlanta supply chain days", 52, "USD"),
    _fair("hannover", "Hannover fair: stand and talk", 28),
)  # fmt: skip

ORIGINS = (
    *_BY_CAMPAIGN,
    Origin("Organic search", "google", "organic", 0.185, 0.31, 0.25, contents=(*_GUIDES, *_EVALUATING)),
    Origin("Organic search", "bing", "organic", 0.028, 0.045, 0.15, contents=_GUIDES),
    Origin("Organic search", "ecosia", "organic", 0.008, 0.012, 0.15, contents=_GUIDES),
    Origin("Social", "linkedin", "social", 0.03, 0.045, 0.05, contents=("slotting-video", "warehouse-report", None)),
    Origin("Social", "youtube", "social", 0.008, 0.02, -0.1, contents=("slotting-video", "webinar-recording")),
    Origin("Referral", "warehouse-talk.example", "referral", 0.022, 0.03, 0.2),
    Origin("Referral", "software-reviews.example", "referral", 0.024, 0.015, 0.6, contents=("pricing-guide", None)),
    Origin("Direct", "(direct)", "(none)", 0.082, 0.16, 0.3, contents=("pricing-guide", "buyers-guide", None, None)),
    Origin("Outbound", None, None, 0.05, 0.0, 0.0, kind=None),
    Origin("Partner", None, None, 0.018, 0.0, 0.3, kind=None),
)

# Campaign strings that people have typed into links and that no alias knows.
UNMATCHED = ("Q4_webinar-v2", "spring promo FINAL", "(not set)", "{{campaign.name}}", "li-test-copy", "email_footer")
