"""Definition files and company.yaml: the exact sentence for what is wrong, and what a company replaces."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from data.company import Company, read_company
from data.description import TableDescription
from data.errors import InvalidFiles
from metrics import Query
from metrics.kinds import Aggregate, Funnel, Metric, Ratio
from metrics.loading import Definitions, load_definitions
from tests.tiny_sessions import TinyCompany, plain_company
from tests.tiny_tables import company_at

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return plain_company()


@pytest.fixture(scope="module")
def tables(tiny: TinyCompany) -> Mapping[str, TableDescription]:
    return tiny.tables


def company_with(folder: Path, **files: str) -> Company:
    """A company whose definition files have these texts."""
    (folder / "definitions").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "definitions" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return company_at(folder)


def loaded(folder: Path, tables: Mapping[str, TableDescription], **files: str) -> Definitions:
    return load_definitions(company_with(folder, **files), tables)


def problems_in(folder: Path, tables: Mapping[str, TableDescription], **files: str) -> list[str]:
    """Every problem, its place from the file's name on."""
    with pytest.raises(InvalidFiles) as raised:
        loaded(folder, tables, **files)
    return [str(problem).split("definitions/")[-1] for problem in raised.value.problems]


def metric(text: str) -> str:
    """A file with one aggregate of which some keys are replaced or added: `key: value` lines."""
    keys = {
        "label": "Won",
        "description": "Deals won.",
        "kind": "aggregate",
        "table": "revenue",
        "expr": "count(deal_id)",
        "time": "won_on",
        "unit": "count",
    }
    for line in textwrap.dedent(text).strip().splitlines():
        key, _, value = line.partition(": ")
        keys[key] = value
    return "metrics:\n  won:\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items() if value != "-")


def funnel(steps: str, more: str = "") -> str:
    head = "metrics:\n  path:\n    label: Path\n    description: A path.\n    kind: funnel\n"
    return head + f"    steps:\n{textwrap.indent(textwrap.dedent(steps).strip(), '      ')}\n{more}"


AGGREGATE_KEYS = (
    "band, description, expr, good, kind, label, over, owner, per, short_label, table, tags, take, time, unit, where"
)
FUNCTIONS = (
    "abs, any_value, avg, ceil, coalesce, concat, contains, count, date_diff, date_trunc, floor, greatest, if, least,"
    " left, length, lower, max, median, min, month, nullif, points, quarter, regexp_matches, replace, right, round,"
    " split_part, starts_with, substring, sum, trim, upper, year"
)
REVENUE_DATES = "won_on"

# What is written in own.yaml -> the sentences, where {tables}, {metrics}, {dimensions} and {revenue} stand for names.
WRONG: dict[str, tuple[str, list[str]]] = {
    "an unknown key, with the nearest spelling": (
        metric("lable: Won deals"),
        [f"own.yaml:10:5: won: unknown key 'lable'. Did you mean 'label'? Known: {AGGREGATE_KEYS}."],
    ),
    "an unknown section": (
        "metric:\n  won: {}\n",
        [
            "own.yaml:1:1: unknown key 'metric'. Did you mean 'metrics'?"
            " Known: agreement, dimensions, metrics, personas, priorities, terms."
        ],
    ),
    "an unknown kind": (
        metric("kind: agregate"),
        ["own.yaml:5:11: won: 'kind' is 'agregate'. Did you mean 'aggregate'? Allowed: {kinds}."],
    ),
    "an unknown unit": (
        metric("unit: pieces"),
        ["own.yaml:9:11: won: 'unit' is 'pieces'. Allowed: count, days, hours, money, months, ratio, times."],
    ),
    "an unknown owner": (
        metric("owner: Sales"),
        ["own.yaml:10:12: won: 'owner' is 'Sales'. Did you mean 'sales'? Allowed: both, marketing, sales."],
    ),
    "a band that is no band": (
        metric("band: tofu"),
        ["own.yaml:10:11: won: 'band' is 'tofu'. Did you mean 'TOFU'? Allowed: BOFU, MOFU, TOFU."],
    ),
    "an unknown table": (
        metric("table: revenues"),
        ["own.yaml:6:12: won: 'table' is 'revenues'. Did you mean 'revenue'? Allowed: {tables}."],
    ),
    "an unknown column": (
        metric("expr: sum(amuont)"),
        ["own.yaml:7:11: won: unknown column 'amuont'. Did you mean 'amount'? Known: {revenue}."],
    ),
    "a time that is no date": (
        metric("time: amount"),
        ["own.yaml:8:11: won: 'time' is 'amount'; it must be a date column of revenue. Known: won_on."],
    ),
    "a name of a person in an extreme": (
        metric("expr: min(channel)"),
        [
            "own.yaml:7:11: won: min is only for numbers and dates; 'channel' is text and would show one row's value."
        ],
    ),
    "no aggregate": (
        metric("expr: amount * 2"),
        ["own.yaml:7:11: won: 'amount * 2' has no aggregate such as count(*), sum(...) or avg(...)."],
    ),
    "a column outside of the aggregate": (
        metric("expr: sum(amount) / amount"),
        ["own.yaml:7:11: won: 'amount' stands outside of an aggregate: wrap it, for example sum(amount)."],
    ),
    "an aggregate inside an aggregate": (
        metric("expr: sum(count(deal_id))"),
        ["own.yaml:7:11: won: 'COUNT(deal_id)': an aggregate inside an aggregate is not allowed."],
    ),
    "an aggregate inside a filter": (
        metric("expr: count(*) filter (where sum(amount) > 3)"),
        ["own.yaml:7:11: won: 'SUM(amount)': an aggregate inside an aggregate is not allowed."],
    ),
    "an aggregate in a condition": (
        metric("where: count(channel) > 3"),
        ["own.yaml:10:12: won: 'COUNT(channel)': an aggregate is not allowed here, only an expression over one row."],
    ),
    "a condition over an unknown dimension": (
        metric("where: chanel = 'social'"),
        ["own.yaml:10:12: won: unknown dimension 'chanel'. Did you mean 'channel'? Known: {dimensions}."],
    ),
    "a condition over a column with its table": (
        metric("where: leads.channel = 'social'"),
        ["own.yaml:10:12: won: 'leads.channel': write the dimension alone, without the table before it."],
    ),
    "a function that is not on the list": (
        metric("expr: sum(lenght(channel))"),
        [
            "own.yaml:7:11: won: 'LENGHT(channel)' is not allowed. Did you mean 'length'?"
            f" Allowed functions: {FUNCTIONS}."
        ],
    ),
    "a key that is missing": (
        metric("label: -\ntime: -"),
        [
            "own.yaml:3:5: won: the key 'label' is missing (text).",
            "own.yaml:3:5: won: the key 'time' is missing (text).",
        ],
    ),
    "a boolean for a text": (metric("label: true"), ["own.yaml:3:12: won: 'label' must be text, not 'true'."]),
    "an unknown kind without a unit": (
        metric("kind: rate\nunit: -\nnumerator: leads"),
        ["own.yaml:5:11: won: 'kind' is 'rate'. Did you mean 'ratio'? Allowed: {kinds}."],
    ),
    "a text that is added up": (
        metric("expr: sum(channel)"),
        ["own.yaml:7:11: won: sum is only for numbers; 'channel' is text."],
    ),
    "a condition over a dimension that the table lacks": (
        metric("where: loss_reason = 'price'"),
        ["own.yaml:10:12: won: table revenue has no loss_reason to narrow by. It is known in: pipeline."],
    ),
    "a condition of a ratio over a dimension that one of its tables lacks": (
        "metrics:\n  share:\n    label: S\n    description: S.\n    kind: ratio\n    numerator: leads\n"
        "    denominator: visits\n    where: segment = 'Small'\n",
        [
            "own.yaml:8:12: share: table visits has no segment to narrow by."
            " It is known in: credit, deal_paths, handoffs, lead_owners, leads, pipeline, revenue."
        ],
    ),
    "a condition of an input over a dimension that its table lacks": (
        "metrics:\n  share:\n    label: S\n    description: S.\n    kind: ratio\n    numerator: leads\n"
        "    denominator: {metric: visits, where: segment = 'Small'}\n",
        [
            "own.yaml:7:42: share: table visits has no segment to narrow by."
            " It is known in: credit, deal_paths, handoffs, lead_owners, leads, pipeline, revenue."
        ],
    ),
    "a condition of a funnel over what is known only later": (
        funnel("- {stage: lead}\n- {stage: mql, within: 1 day}", "    where: tier = 'a'\n")
        + "dimensions:\n  tier: {label: Tier, on: {leads: channel}, known: later}\n",
        ["own.yaml:9:12: path: 'tier' is known only later, so it cannot narrow a funnel."],
    ),
    "a number for a text": (metric("label: 5"), ["own.yaml:3:12: won: 'label' must be text, not '5'."]),
    "a list for a text": (metric("label: [a]"), ["own.yaml:3:12: won: 'label' must be text, not list."]),
    "tags that are no list": (metric("tags: weekly"), ["own.yaml:10:11: won: 'tags' must be a list, not 'weekly'."]),
    "a metric that is no mapping": (
        "metrics:\n  won: count\n",
        ["own.yaml:2:8: won: must be a mapping of keys, not text."],
    ),
    "a section that is a list": ("metrics: [won]\n", ["own.yaml:1:10: 'metrics' must be a mapping, not list."]),
    "a name with capitals": (
        metric("").replace("  won:", "  Won deals:"),
        ["own.yaml:3:5: 'Won deals' is not a name: lower-case letters, digits and _, a letter first, at most 60."],
    ),
    "a name with a dot": (
        "terms:\n  a.b: {label: A, description: B.}\n",
        ["own.yaml:2:8: 'a.b' is not a name: lower-case letters, digits and _, a letter first, at most 60."],
    ),
    "a term without its sentence": (
        "terms:\n  slipping: {label: Slipping}\n",
        ["own.yaml:2:13: slipping: the key 'description' is missing (text)."],
    ),
    "a ratio of an unknown metric": (
        "metrics:\n  share:\n    {label: S, description: S., kind: ratio, numerator: deals_wun, denominator: leads}\n",
        ["own.yaml:3:57: share: unknown metric 'deals_wun'. Did you mean 'deals_won'? Known: {metrics}."],
    ),
    "a result that a metric has not": (
        "metrics:\n  share:\n    {label: S, description: S., kind: ratio, numerator: leads.p9, denominator: leads}\n",
        ["own.yaml:3:57: share: 'leads' has no result 'p9'. It has none."],
    ),
    "a ratio of itself": (
        "metrics:\n  share:\n    {label: S, description: S., kind: ratio, numerator: share, denominator: leads}\n",
        ["own.yaml:3:57: share: is made of itself: share -> share."],
    ),
    "a ratio without denominator": (
        "metrics:\n  share:\n    {label: S, description: S., kind: ratio, numerator: leads}\n",
        ["own.yaml:3:5: share: the key 'denominator' is missing (text)."],
    ),
    "an input with an unknown key": (
        "metrics:\n  share:\n    label: S\n    description: S.\n    kind: ratio\n"
        "    numerator: {metric: leads, were: channel = 'a'}\n    denominator: leads\n",
        ["own.yaml:6:32: share.numerator: unknown key 'were'. Did you mean 'where'? Known: metric, shift, where."],
    ),
    "an input with a broken condition": (
        "metrics:\n  share:\n    label: S\n    description: S.\n    kind: ratio\n"
        "    numerator: {metric: leads, where: channel =}\n    denominator: leads\n",
        [
            "own.yaml:6:39: share.numerator: 'channel =' is not an expression (Required keyword: 'expression' missing"
            " for <class 'sqlglot.expressions.core.EQ'>. Line 1, Col: 9)."
        ],
    ),
    "a window that is no number of days": (
        funnel("- {stage: lead}\n- {stage: mql, within: a month}"),
        [
            "own.yaml:8:30: path.steps: 'within' is 'a month';"
            " write a number of days or hours such as 30 days or 48 hours."
        ],
    ),
    "deals where no deal is yet": (
        funnel("- {stage: mql}\n- {stage: opportunity, within: 30 days, counts: deals}"),
        [
            "own.yaml:7:7: path: 'counts' is 'deals' from mql to opportunity; deals are counted only from opportunity"
            " to customer: count passes or accounts in this step."
        ],
    ),
    "deals by the hour": (
        funnel("- {stage: opportunity}\n- {stage: customer, within: 48 hours}", "    counts: deals\n"),
        [
            "own.yaml:9:13: path: 'counts' is 'deals', whose days are known but not their hours: write 'within' in"
            " days."
        ],
    ),
    "a unit of the first step": (
        funnel("- {stage: lead, counts: accounts}\n- {stage: mql, within: 30 days}"),
        ["own.yaml:7:31: path.steps: the first step has no step before it, so it has no 'counts'."],
    ),
    "holding what is not in leads": (
        funnel("- {stage: lead}\n- {stage: mql, within: 30 days}", "    counts: accounts\n    hold: [deal_type]\n"),
        ["own.yaml:10:11: path: table leads has no deal_type to hold."],
    ),
    "a step without window": (
        funnel("- {stage: lead}\n- {stage: mql}"),
        ["own.yaml:8:9: path.steps: the key 'within' is missing (text)."],
    ),
    "a window on the first step": (
        funnel("- {stage: lead, within: 1 day}\n- {stage: mql, within: 30 days}"),
        ["own.yaml:7:31: path.steps: the first step has no step before it, so it has no 'within'."],
    ),
    "stages in the wrong order": (
        funnel("- {stage: mql}\n- {stage: lead, within: 30 days}"),
        [
            "own.yaml:7:7: path: the stages must follow the order lead, mql, sal, sql, opportunity, customer,"
            " each at most once."
        ],
    ),
    "a stage twice": (
        funnel("- {stage: lead}\n- {stage: mql, within: 30 days}\n- {stage: mql, within: 30 days}"),
        [
            "own.yaml:7:7: path: the stages must follow the order lead, mql, sal, sql, opportunity, customer,"
            " each at most once."
        ],
    ),
    "an unknown stage": (
        funnel("- {stage: lead}\n- {stage: mqls, within: 30 days}"),
        [
            "own.yaml:8:17: path.steps: 'stage' is 'mqls'. Did you mean 'mql'?"
            " Allowed: customer, lead, mql, opportunity, sal, sql."
        ],
    ),
    "a funnel of one stage": (
        funnel("- {stage: lead}"),
        [
            "own.yaml:7:7: path: 'steps' is a list of at least two stages,"
            " for example {stage: mql, within: 30 days}."
        ],
    ),
    "an unknown entry": (
        funnel("- {stage: lead}\n- {stage: mql, within: 30 days}", "    entry: all\n    skips: forbid\n"),
        [
            "own.yaml:9:12: path: 'entry' is 'all'. Allowed: every, first.",
            "own.yaml:10:12: path: 'skips' is 'forbid'. Allowed: imply, require.",
        ],
    ),
    "a dimension of an unknown table": (
        "dimensions:\n  tier: {label: Tier, on: {leeds: channel}}\n",
        ["own.yaml:2:35: tier: unknown table 'leeds'. Did you mean 'leads'? Known: {tables}."],
    ),
    "a dimension of an unknown column": (
        "dimensions:\n  tier: {label: Tier, on: {visits: chanel}}\n",
        [
            "own.yaml:2:36: tier: table visits has no column 'chanel'. Did you mean 'channel'?"
            " Known: campaign_id, channel, contact_id, content_id, source, touch_id, visited_at, visited_on."
        ],
    ),
    "a dimension over an unknown link": (
        "dimensions:\n  tier: {label: Tier, on: {visits: compaign.name}}\n",
        [
            "own.yaml:2:36: tier: table visits has no link 'compaign' (only many-to-one links can be followed)."
            " Did you mean 'campaign'? Known: campaign, contact, content."
        ],
    ),
    "a dimension over a link to an unknown column": (
        "dimensions:\n  tier: {label: Tier, on: {visits: content.tilte}}\n",
        [
            "own.yaml:2:36: tier: content of visits is a row of content, which has no column 'tilte'."
            " Did you mean 'title'? Known: band, content_id, kind, persona, published_on, title, url."
        ],
    ),
    "a dimension without tables": (
        "dimensions:\n  tier: {label: Tier}\n",
        ["own.yaml:2:9: tier: the key 'on' is missing (what it is in each table)."],
    ),
    "names that lead nowhere": (
        "dimensions:\n  tier: {label: Tier, on: {leads: channel}, names: campaigns.nome}\n",
        ["own.yaml:2:52: tier: 'names' is 'campaigns.nome'; it must be table.column of a known table."],
    ),
    "a dimension known at an unknown time": (
        "dimensions:\n  tier: {label: Tier, on: {leads: channel}, known: late}\n",
        ["own.yaml:2:52: tier: 'known' is 'late'. Did you mean 'later'? Allowed: at_entry, later."],
    ),
    "an alias": (
        "terms:\n  a: &x {label: A, description: A.}\n  b: *x\n",
        ["own.yaml:2:6: anchors and aliases (& and *) are not allowed: write the value out."],
    ),
    "a merge of an alias": (
        "terms:\n  b:\n    <<: *x\n",
        ["own.yaml:3:9: anchors and aliases (& and *) are not allowed: write the value out."],
    ),
    "a tag": (
        "terms:\n  a: !!python/object/apply:os.system ['true']\n",
        ["own.yaml:2:6: tags (!name) are not allowed: write the plain value."],
    ),
    "a second document": (
        "terms: {}\n---\nterms: {}\n",
        ["own.yaml:2:1: a second document ('---') is not allowed."],
    ),
    "a key twice": (
        metric("") + "    expr: count(*)\n",
        ["own.yaml:10:5: the key 'expr' stands here a second time (first at line 7)."],
    ),
    "a metric twice": (
        metric("") + "  won: {}\n",
        ["own.yaml:10:3: the key 'won' stands here a second time (first at line 2)."],
    ),
    "no YAML": (
        "metrics: [won\n",
        ["own.yaml:2:1: not valid YAML: expected ',' or ']', but got '<stream end>'."],
    ),
    "a tab": (
        "metrics:\n\twon: {}\n",
        ["own.yaml:2:1: not valid YAML: found character '\\t' that cannot start any token."],
    ),
    "deep nesting": (
        "metrics: " + "[" * 41 + "]" * 41 + "\n",
        ["own.yaml:1:49: nesting deeper than 40 levels is not allowed."],
    ),
    "more than a megabyte": (
        "# " + "x" * 1_000_000 + "\n",
        ["own.yaml: has 1,000,003 bytes; definition files hold at most 1,000,000."],
    ),
}  # fmt: skip


class TestWrongFiles:
    @pytest.mark.parametrize("case", WRONG)
    def test_a_wrong_file_says_what_to_do(
        self, case: str, tmp_path: Path, tiny: TinyCompany, tables: Mapping[str, TableDescription]
    ) -> None:
        text, sentences = WRONG[case]
        own = ["won"] if "\n  won:" in text else ["share"] if "share" in text else []
        names = {
            "{kinds}": sorted(kind.__name__.lower() for kind in get_args(Metric)),
            "{tables}": sorted(tables),
            "{revenue}": sorted(tables["revenue"].columns),
            "{dimensions}": sorted(tiny.definitions.dimensions),
            "{metrics}": sorted([*tiny.definitions.metrics, *own]),
        }
        for mark, known in names.items():
            sentences = [sentence.replace(mark, ", ".join(known)) for sentence in sentences]
        assert problems_in(tmp_path, tables, own=text) == sentences

    def test_what_is_wrong_is_told_again_until_it_is_changed(
        self, tmp_path: Path, tables: Mapping[str, TableDescription]
    ) -> None:
        aliased = "terms:\n  a: &x {label: A, description: A.}\n"
        first = problems_in(tmp_path, tables, own=aliased)
        assert [problem.split(" (&")[0] for problem in first] == ["own.yaml:2:6: anchors and aliases"]
        assert problems_in(tmp_path, tables, own=aliased) == first
        assert "a" in loaded(tmp_path, tables, own=aliased.replace("&x ", "")).terms

    def test_a_file_that_is_not_utf_8_says_so(self, tmp_path: Path, tables: Mapping[str, TableDescription]) -> None:
        company = company_with(tmp_path)
        (tmp_path / "definitions" / "own.yaml").write_bytes("terms: {a: {label: Größe}}".encode("latin-1"))
        with pytest.raises(InvalidFiles, match=r"own.yaml: cannot be read as UTF-8 text .*\. Save it as UTF-8\."):
            load_definitions(company, tables)

    def test_all_problems_of_all_files_come_in_one_pass_in_the_order_of_the_files(
        self, tmp_path: Path, tables: Mapping[str, TableDescription]
    ) -> None:
        found = problems_in(
            tmp_path,
            tables,
            b_later=metric("kind: agregate\nowner: nobody").replace("won:", "later:"),
            a_early=metric("expr: sum(amuont)\nband: XOFU\ngood: yes"),
            c_broken="metrics: [",
        )
        assert [problem.split(" ")[0] for problem in found] == [
            "a_early.yaml:7:11:",
            "a_early.yaml:10:11:",
            "a_early.yaml:11:11:",
            "b_later.yaml:5:11:",
            "b_later.yaml:10:12:",
            "c_broken.yaml:1:11:",
        ]

    def test_yes_is_a_word_and_no_boolean(self, tmp_path: Path, tables: Mapping[str, TableDescription]) -> None:
        found = loaded(tmp_path, tables, own=metric("label: yes\nshort_label: no\ndescription: on"))
        assert (found.metrics["won"].label, found.metrics["won"].description) == ("yes", "on")

    def test_one_name_in_two_files_of_a_company_is_a_problem(
        self, tmp_path: Path, tables: Mapping[str, TableDescription]
    ) -> None:
        with pytest.raises(
            InvalidFiles, match=r"b.yaml:3:5: won: is defined a second time \(first at .*a.yaml:3:5\)\."
        ):
            loaded(tmp_path, tables, a=metric(""), b=metric(""))


class TestReplacing:
    OWN = metric("description: Every win.\nexpr: count(*)").replace("won:", "deals_won:")

    def test_a_company_replaces_a_standard_metric_whole(
        self, tmp_path: Path, tiny: TinyCompany, tables: Mapping[str, TableDescription]
    ) -> None:
        found = loaded(tmp_path, tables, own=self.OWN)
        own, standard = found.metrics["deals_won"], tiny.definitions.metrics["deals_won"]
        assert isinstance(own, Aggregate)
        assert (own.expr.sql, own.is_standard, own.description) == ("COUNT(*)", False, "Every win.")
        # Whole: the condition, band and owner of the standard metric are gone with it.
        assert standard.where is not None
        assert standard.band == "BOFU"
        assert (own.where, own.band, own.owner, own.good) == (None, None, "both", "neither")

    def test_what_is_replaced_is_listed(self, tmp_path: Path, tables: Mapping[str, TableDescription]) -> None:
        terms = "terms:\n  pass: {label: Run, description: A run.}\n  own: {label: Own, description: Ours.}\n"
        dimensions = "dimensions:\n  channel: {label: Channel, on: {leads: source}}\n"
        found = loaded(tmp_path, tables, own=self.OWN, terms=terms, dimensions=dimensions)
        assert sorted(found.replaced) == ["dimensions/channel", "metrics/deals_won", "terms/pass"]
        assert found.terms["pass"].label == "Run"
        assert dict(found.dimensions["channel"].on) == {"leads": "source"}

    def test_a_company_without_definitions_replaces_nothing(
        self, tmp_path: Path, tables: Mapping[str, TableDescription]
    ) -> None:
        assert load_definitions(company_at(tmp_path), tables).replaced == ()

    def test_questions_go_to_the_replaced_metric(self) -> None:
        company = TinyCompany(definitions=self.OWN)
        session = company.session({"deals": [{"deal_id": "D", "is_won": True, "type": "renewal"}]})
        assert session.answer(Query(("deals_won", "deals_created"))).frame.row(0) == (1, 0)

    def test_all_kinds_are_read_with_their_own_keys(
        self, tmp_path: Path, tables: Mapping[str, TableDescription]
    ) -> None:
        text = (
            funnel("- {stage: lead}\n- {stage: sql, within: 1 day}", "    entry: every\n    skips: require\n")
            + "  share:\n    label: S\n    description: S.\n    kind: ratio\n    where: channel = 'a'\n"
            "    numerator: {metric: leads, where: source = 'b'}\n    denominator: visits\n    tags: [weekly, board]\n"
        )
        found = loaded(tmp_path, tables, own=text).metrics
        path, share = found["path"], found["share"]
        assert isinstance(path, Funnel)
        assert isinstance(share, Ratio)
        assert ([(s.stage, s.within) for s in path.steps], path.entry, path.skips, path.unit) == (
            [("lead", None), ("sql", 1)],
            "every",
            "require",
            "ratio",
        )
        assert (share.numerator.metric, share.denominator.metric, share.tags) == (
            "leads",
            "visits",
            ("weekly", "board"),
        )
        assert share.numerator.where is not None
        assert share.numerator.where.sql == "\"source\" = 'b'"


COMPANY = "id: mill\nname: Mill\ncurrency: EUR\ntime_zone: Europe/Berlin\n"
WRONG_COMPANIES: dict[str, tuple[str, list[str]]] = {
    "an unknown key": (
        COMPANY + "curency: EUR\n",
        [
            "company.yaml:5:1: unknown key 'curency'. Did you mean 'currency'? Known: business_hours, close_day,"
            " crm_links, currency, engine, fiscal_year_starts, gross_margin, holidays, id, ledger, name, time_zone,"
            " week_starts."
        ],
    ),
    "an id that is no folder": (
        COMPANY.replace("id: mill", "id: ../Mill"),
        ["company.yaml:1:5: 'id' is '../Mill'; it names a folder: lower-case letters, digits, - and _, at most 40."],
    ),
    "a currency that is no code": (
        COMPANY.replace("EUR", "euro"),
        ["company.yaml:3:11: 'currency' is 'euro'; write an ISO code of three capitals such as EUR."],
    ),
    "a zone that is not known": (
        COMPANY.replace("Berlin", "Berln"),
        [
            "company.yaml:4:12: unknown time zone 'Europe/Berln'. Did you mean 'Europe/Berlin'?"
            " Write a name of the IANA database such as Europe/Berlin."
        ],
    ),
    "days and months that are none": (
        COMPANY + "week_starts: mo\nfiscal_year_starts: 4\n",
        [
            "company.yaml:5:14: 'week_starts' is 'mo'."
            " Allowed: friday, monday, saturday, sunday, thursday, tuesday, wednesday.",
            "company.yaml:6:21: 'fiscal_year_starts' must be text, not '4'.",
        ],
    ),
    "hours that are none": (
        COMPANY + 'business_hours: {mon-fri: "9-17", fri-mon: "09:00-17:00", sat: "17:00-09:00"}\n',
        [
            "company.yaml:5:27: 'mon-fri' must be hours such as \"09:00-18:00\", not '9-17'.",
            "company.yaml:5:44: 'fri-mon' is not a day or a span of days. Write mon, tue, ... or mon-fri.",
            "company.yaml:5:64: 'sat' must be hours such as \"09:00-18:00\", not '17:00-09:00'.",
        ],
    ),
    "a holiday that is no date": (
        COMPANY + "holidays: [2026-02-30]\n",
        ["company.yaml:5:12: 'holidays' is a list of dates such as 2026-01-01; this is '2026-02-30'."],
    ),
    "numbers out of range": (
        COMPANY + "close_day: 29\ngross_margin: 70\n",
        [
            "company.yaml:5:12: 'close_day' must be a whole number from 1 to 28, not '29'.",
            "company.yaml:6:15: 'gross_margin' must be a number from 0 to 1, not '70'.",
        ],
    ),
    "a link without its id": (
        COMPANY + 'crm_links: {contact: "https://crm.example/c", leads: "x", deal: "javascript:{deal_id}"}\n',
        [
            "company.yaml:5:22: 'contact' must be an https:// address with {contact_id} in it.",
            "company.yaml:5:54: unknown object 'leads'. Known: account, contact, deal.",
            "company.yaml:5:65: 'deal' must be an https:// address with {deal_id} in it.",
        ],
    ),
    "nothing at all": (
        "",
        [
            "company.yaml:1:1: the key 'currency' is missing (text).",
            "company.yaml:1:1: the key 'id' is missing (text).",
            "company.yaml:1:1: the key 'name' is missing (text).",
            "company.yaml:1:1: the key 'time_zone' is missing (text).",
        ],
    ),
    "an engine that does not exist": (
        COMPANY + "engine: spark\n",
        ["company.yaml:5:9: 'engine' is 'spark'. Allowed: duckdb."],
    ),
}


class TestCompanyFiles:
    @pytest.mark.parametrize("case", WRONG_COMPANIES)
    def test_a_wrong_company_file_says_what_to_do(self, case: str, tmp_path: Path) -> None:
        text, sentences = WRONG_COMPANIES[case]
        (tmp_path / "company.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(InvalidFiles) as raised:
            read_company(tmp_path)
        assert [
            "company.yaml" + str(problem).split("company.yaml", 1)[1] for problem in raised.value.problems
        ] == sentences

    def test_a_folder_without_company_file_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidFiles, match=r"company.yaml: this file does not exist\."):
            read_company(tmp_path)
