"""The JSON Schemas (draft 2020-12) of every machine output, stated once: what is written to `docs/schemas/` is made from here.

A document of another kind has other fields between `kind` and `rates`. A field once released stays; fields may be added, so
a program that reads the output must not mind ones that it does not know, and the schemas allow them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from costcalc.errors import check_known
from costcalc.focus import COLUMNS, FOCUS_VERSION
from costcalc.history import KEYS
from costcalc.pricing.rate import STATUSES, Certainty
from costcalc.showing.display import SCHEMA_VERSION
from costcalc.tokens import KINDS
from costcalc.workload.profile import NUMBERS

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_NUMBER: Final[Schema] = {"type": "number", "minimum": 0}
_FLAG: Final[Schema] = {"type": "boolean"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_DECIMAL: Final = _ref("decimal")
_AMOUNT: Final = _ref("amount")
_DAY: Final = _ref("day")
_MONTH: Final = _ref("month")
_INSTANT: Final = _ref("instant")


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _one_of(*values: object) -> Schema:
    return {"enum": list(values)}


def _record(fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object that has all of the fields, and may have the optional ones."""
    return {"type": "object", "properties": {**fields, **(optional or {})}, "required": list(fields)}


def _same(names: Iterable[str], schema: Schema) -> Schema:
    """An object of fields that all look alike."""
    fields: dict[str, Schema] = dict.fromkeys(names, schema)
    return _record(fields)


_PERCENTILES: Final = tuple(f"p{percent}" for percent in (5, 10, 25, 50, 75, 90, 95, 99))
_OF_TASKS: Final = ("mean", "p50", "p90", "p99")
_SHARE_AMOUNTS: Final = dict.fromkeys(
    (
        "seat_usd",
        "included_used_credits",
        "metered_credits",
        "metered_usd",
        "blocked_credits",
        "total_usd",
    ),
    _AMOUNT,
)
_CLAIM: Final = {"claim": _TEXT, "status": _ref("status"), "source": _TEXT}
_WORK: Final = {"profile": _TEXT, "developers": _COUNT, "on": _DAY, "basis": _TEXT}
_TOTALS: Final[dict[str, Schema]] = {
    "records": _COUNT,
    **dict.fromkeys(KINDS, _COUNT),
    "requests": _COUNT,
    "credits_reported": _or_null(_AMOUNT),
    "credits_computed": _or_null(_AMOUNT),
    "credits": _or_null(_AMOUNT),
    "unpriced_records": _COUNT,
}
_SKIPPED: Final = _list(_record({"file": _TEXT, "line": _COUNT, "reason": _TEXT}))
_PLAN_TERMS: Final = {
    "plan": _TEXT,
    "name": _TEXT,
    "usd_per_seat": _AMOUNT,
    "base_credits": _or_null(_AMOUNT),
    "flex_credits": _or_null(_AMOUNT),
    "included_credits": _or_null(_AMOUNT),
    "pooled": _FLAG,
    "auto_only": _FLAG,
    "certainty": _ref("certainty"),
    "source": _TEXT,
    "note": _or_null(_TEXT),
    "promotions": _list(_record({"included_credits": _AMOUNT, "from": _DAY, "until": _DAY, "who": _TEXT})),
}
_PLAN_KIND: Final = _one_of("individual", "organization")
_PLAN_SOURCES: Final = _list(_record({"id": _TEXT, "title": _TEXT, "address": _TEXT, "read": _ref("day_or_month")}))
_MONTH_OUTLOOK: Final = {
    "month": _MONTH,
    "people": _COUNT,
    "credits": _ref("distribution"),
    "total_usd": _ref("distribution"),
    "exhaustion": _or_null(_ref("exhaustion")),
    "blocked": _ref("blocked"),
    "over_budget_probability": _or_null(_AMOUNT),
    "included_credits": _or_null(_AMOUNT),
    "budget_credits": _or_null(_AMOUNT),
}
_BUDGET_FOR: Final = _list(_record({"confidence": _AMOUNT, "usd": _AMOUNT}))
_ERRORS: Final = _same(["credits", "total_usd", "person_credits", "horizon_usd"], _ref("distribution"))
_OPTION_OUTLOOK: Final = _record(
    {
        "option": _TEXT,
        **_MONTH_OUTLOOK,
        "budget_for": _BUDGET_FOR,
        "person": _same(["credits", "usd"], _ref("distribution")),
        "horizon_usd": _ref("distribution"),
        "months": _list(
            _record(
                {
                    **_MONTH_OUTLOOK,
                    "by_day": _list(_record({"day": _DAY, **dict.fromkeys(("p10", "p50", "p90"), _AMOUNT)})),
                    "errors": _same(["credits", "total_usd"], _ref("distribution")),
                }
            ),
        ),
        "claims": _list(
            _record(
                {
                    **_CLAIM,
                    "credits_mean": _AMOUNT,
                    "total_usd": _ref("distribution"),
                    "cheaper_probability": _or_null(_AMOUNT),
                }
            )
        ),
        "errors": _ERRORS,
    }
)
_FORECAST: Final = {
    "work": _TEXT,
    "people": _COUNT,
    "groups": _list(
        _record(
            {
                "name": _TEXT,
                "people": _COUNT,
                "profile": _TEXT,
                "options": _list(_record({"option": _TEXT, "share": _AMOUNT})),
            }
        )
    ),
    "on": _DAY,
    "basis": _TEXT,
    "seed": _COUNT,
    "draws": _COUNT,
    "credits": _ref("distribution"),
    "total_usd": _ref("distribution"),
    "tasks": _NUMBER,
    "task_tokens": _same(["prompt", *KINDS], _same(_OF_TASKS, _COUNT)),
    "task_requests": _same(_OF_TASKS, _AMOUNT),
    "task_credits": _same(_OF_TASKS, _AMOUNT),
    "heaviest_tasks": _same(["1", "10"], _AMOUNT),
    "exhaustion": _or_null(_ref("exhaustion")),
    "blocked": _ref("blocked"),
    "budget_usd": _or_null(_AMOUNT),
    "over_budget_probability": _or_null(_AMOUNT),
    "budget_for": _BUDGET_FOR,
    "cheaper": _list(_record({"option": _TEXT, "probability": _AMOUNT})),
    "so_far": _or_null(_record({"until": _DAY, "credits": _AMOUNT})),
    "options": _list(_OPTION_OUTLOOK),
    "spread": _list(
        _record(
            {
                "group": _TEXT,
                "number": _TEXT,
                "value": _AMOUNT,
                "unit": _TEXT,
                "how": _or_null(_TEXT),
                "note": _or_null(_TEXT),
            }
        )
    ),
    "errors": _ERRORS,
}
_FIGURE: Final = _record(
    {
        "figure": _TEXT,
        "now_usd": _DECIMAL,
        "tornado": _list(
            _record({"input": _TEXT, "at_low_usd": _DECIMAL, "at_high_usd": _DECIMAL, "swing_usd": _DECIMAL})
        ),
        "sobol": _or_null(
            _list(
                _record(
                    {
                        "input": _TEXT,
                        "first_order": _DECIMAL,
                        "total_order": _DECIMAL,
                        "errors": _same(["first_order", "total_order"], _AMOUNT),
                    }
                )
            )
        ),
        **dict.fromkeys(("p5_usd", "p50_usd", "p95_usd"), _or_null(_DECIMAL)),
    }
)
_NUMERIC_COLUMNS: Final = {
    column for column in COLUMNS if column.endswith(("Cost", "Price", "Quantity")) and not column.startswith("x_")
}
_FOCUS_VALUES: Final[dict[str, Schema]] = {
    "ChargeCategory": _one_of("Usage", "Purchase"),
    "ChargeFrequency": _one_of("Usage-Based", "Recurring"),
    "ConsumedQuantity": _or_null(_AMOUNT),
    "BillingCurrency": _one_of("USD"),
    "PricingCurrency": _one_of("USD", "AIC"),
    "PricingCategory": _one_of("Standard"),
    "x_Basis": _one_of("bill", "usage", "estimate"),
    "x_Coverage": _one_of("seat", "included", "metered", None),
    "x_Status": _one_of(*STATUSES, "reported", None),
    **dict.fromkeys(
        ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"),
        _INSTANT,
    ),
    **dict.fromkeys(
        ("BillingAccountId", "ChargeDescription", "PricingUnit", "ProviderName", "ServiceName", "SkuId", "SkuPriceId"),
        _TEXT,
    ),
}
_USD_PER_MTOK: Final = _record(
    {
        "fresh_input": _AMOUNT,
        "cached_input": _or_null(_AMOUNT),
        "cache_write": _or_null(_AMOUNT),
        "output": _AMOUNT,
    }
)
_PRICES: Final = _list(_ref("tier_prices"))
_LISTED: Final = {
    "name": _TEXT,
    "provider": _TEXT,
    "release_status": _or_null(_TEXT),
    "category": _or_null(_TEXT),
    "note": _or_null(_TEXT),
    "footnotes": _list(_TEXT),
}
_VERDICT_TURN: Final = {"claims": _list(_TEXT), "cheapest": _or_null(_TEXT)}

_BODIES: Final[dict[str, Schema]] = {
    "account": _record(
        {
            "month": _MONTH,
            "account_kind": _one_of("individual", "organization", "enterprise"),
            "seats": _COUNT,
            "seat_usd": _AMOUNT,
            "pool_credits": _AMOUNT,
            "additional_usage": _FLAG,
            "largest_usd": _or_null(_AMOUNT),
            "order": _list(_TEXT),
        }
    ),
    "advise": _record(
        {
            "work": _TEXT,
            "people": _COUNT,
            "on": _DAY,
            "basis": _TEXT,
            "seed": _COUNT,
            "draws": _COUNT,
            "confidence": _AMOUNT,
            "advised": _TEXT,
            "current": _or_null(_TEXT),
            "saving_usd": _or_null(_DECIMAL),
            "right_probability": _or_null(_AMOUNT),
            "regret_usd": _or_null(_DECIMAL),
            "budget_usd": _AMOUNT,
            "candidates": _list(
                _record(
                    {
                        "name": _TEXT,
                        "total_usd": _ref("distribution"),
                        "budget_usd": _AMOUNT,
                        "blocked_credits": _AMOUNT,
                        "cheapest_probability": _or_null(_AMOUNT),
                        "unbeaten_probability": _or_null(_AMOUNT),
                        "regret_usd": _or_null(_DECIMAL),
                        "errors": _ref("distribution"),
                    }
                )
            ),
            "by_use": _list(
                _record({"from_tasks": _AMOUNT, "to_tasks": _AMOUNT, "cheapest": _or_null(_TEXT), "share": _AMOUNT}),
            ),
            "own_plans_usd": _or_null(_AMOUNT),
            "levers": _list(
                _record(
                    {"what": _TEXT, "saving_usd": _DECIMAL, "blocked_credits": _AMOUNT, "note": _TEXT},
                )
            ),
            "turned_by": _list(_record({**_CLAIM, "advised": _TEXT})),
        }
    ),
    "backtest": _record(
        {
            "first_day": _DAY,
            "last_day": _DAY,
            "tasks": _COUNT,
            "credits": _AMOUNT,
            "seed": _COUNT,
            "draws": _COUNT,
            "coverage": _list(_record({"interval": _AMOUNT, "share": _AMOUNT})),
            "crps": _AMOUNT,
            "line_crps": _AMOUNT,
            "bias": _DECIMAL,
            "line_bias": _DECIMAL,
            "trials": _list(
                _record(
                    {
                        "fitted_until": _DAY,
                        "days": _COUNT,
                        "actual": _AMOUNT,
                        "mean": _AMOUNT,
                        **dict.fromkeys(_PERCENTILES[:-1], _AMOUNT),
                        "line": _AMOUNT,
                        "crps": _AMOUNT,
                        "line_crps": _AMOUNT,
                    }
                )
            ),
        }
    ),
    "bill": _record(
        {
            "month": _MONTH,
            "records": _COUNT,
            "seat_usd": _AMOUNT,
            "pool_credits": _AMOUNT,
            "included_used_credits": _AMOUNT,
            "forfeited_credits": _AMOUNT,
            "metered_credits": _AMOUNT,
            "metered_usd": _AMOUNT,
            "blocked_credits": _AMOUNT,
            "total_usd": _AMOUNT,
            "exhausted_at": _or_null(_INSTANT),
            "blocks": _list(_record({"scope": _TEXT, "name": _or_null(_TEXT), "at": _INSTANT, "credits": _AMOUNT})),
            "alerts": _list(
                _record(
                    {
                        "scope": _TEXT,
                        "name": _or_null(_TEXT),
                        "percent": _COUNT,
                        "day": _DAY,
                        "at": _INSTANT,
                        "budget_usd": _AMOUNT,
                    }
                )
            ),
            **{
                f"by_{key}": _list(_record({key: _or_null(_TEXT), **_SHARE_AMOUNTS}))
                for key in ("user", "organization", "cost_center")
            },
        }
    ),
    "breakeven": _record(
        {
            "profile": _TEXT,
            "over": _TEXT,
            "low": _AMOUNT,
            "high": _AMOUNT,
            "now": _AMOUNT,
            "developers": _COUNT,
            "on": _DAY,
            "options": _list(_TEXT),
            "unit": _TEXT,
            "bills": _list(
                _record(
                    {
                        "option": _TEXT,
                        "pieces": _list(_same(["from", "to", "from_usd", "to_usd"], _AMOUNT)),
                    }
                )
            ),
            "crossings": _list(
                _record(
                    {
                        "at": _AMOUNT,
                        "fraction": {"type": "string", "pattern": r"^\d+(/\d+)?$"},
                        "tasks_per_month": _or_null(_AMOUNT),
                        "before": _or_null(_TEXT),
                        "after": _or_null(_TEXT),
                    }
                )
            ),
            "intervals": _list(
                _record({"from": _AMOUNT, "to": _AMOUNT, "cheapest": _or_null(_TEXT), "blocks_work": _FLAG}),
            ),
        }
    ),
    "check": _record(
        {
            "passed": _FLAG,
            "max_usd": _or_null(_AMOUNT),
            "max_p90_usd": _or_null(_AMOUNT),
            "max_increase": _or_null(_AMOUNT),
            "limits": _list(
                _record(
                    {
                        "limit": _one_of("max_usd", "max_p90_usd", "max_increase"),
                        "option": _TEXT,
                        "month": _MONTH,
                        "figure": _one_of("expected_usd", "estimate_usd", "p90_usd"),
                        "limit_usd": _AMOUNT,
                        "actual_usd": _AMOUNT,
                        "error_usd": _AMOUNT,
                        "passed": _FLAG,
                        "too_close": _FLAG,
                    }
                )
            ),
            "baseline": _or_null(
                _record(
                    {
                        "name": _TEXT,
                        "kind": _one_of("check", "forecast", "estimate"),
                        "work": _TEXT,
                        "on": _DAY,
                        "seed": _or_null(_COUNT),
                        "draws": _or_null(_COUNT),
                        "differences": _list(
                            _record(
                                {
                                    "option": _TEXT,
                                    "month": _MONTH,
                                    "figure": _one_of("expected_usd", "estimate_usd", "p90_usd", "credits"),
                                    "before": _DECIMAL,
                                    "now": _DECIMAL,
                                    "difference": _DECIMAL,
                                    "difference_share": _or_null(_DECIMAL),
                                }
                            )
                        ),
                        "changes": _list(
                            _record(
                                {"what": _TEXT, "name": _TEXT, "before": _or_null(_TEXT), "now": _or_null(_TEXT)},
                            )
                        ),
                    }
                )
            ),
            **_FORECAST,
        }
    ),
    "compare": _record(
        {
            **_WORK,
            "options": _list(
                _record(
                    {
                        "option": _TEXT,
                        "total_usd": _or_null(_AMOUNT),
                        "credits": _AMOUNT,
                        "rate_id": _TEXT,
                        "status": _ref("status"),
                        "by_claim": _list(_record({**_CLAIM, "total_usd": _or_null(_AMOUNT)})),
                        "breakdown": _record(
                            {
                                "usage_usd": _AMOUNT,
                                "by_kind": _list(_ref("kind_cost")),
                                "allowance_usd": _or_null(_DECIMAL),
                                "seat_usd": _AMOUNT,
                                "bill": _ref("bill"),
                            }
                        ),
                    }
                )
            ),
            "cheapest": _or_null(_TEXT),
            "verdict": _record(
                {
                    "robust": _FLAG,
                    "turned_by": _list(_TEXT),
                    "turns": _list(
                        _record(
                            {
                                **_VERDICT_TURN,
                                "totals": _list(_record({"option": _TEXT, "total_usd": _or_null(_AMOUNT)})),
                            }
                        )
                    ),
                }
            ),
            "differences": _list(
                _record(
                    {
                        "option": _TEXT,
                        "against": _TEXT,
                        "usd": _DECIMAL,
                        "causes": _list(_record({"cause": _TEXT, "usd": _DECIMAL})),
                    }
                )
            ),
        }
    ),
    "estimate": _record(
        {
            "profile": _TEXT,
            "option": _TEXT,
            "model": _TEXT,
            "route": _TEXT,
            "on": _DAY,
            "basis": _TEXT,
            "developers": _COUNT,
            "token_factor": _AMOUNT,
            "month": _record(
                {
                    "tasks": _NUMBER,
                    "requests": _NUMBER,
                    "tokens": _same(KINDS, _COUNT),
                    "usd": _AMOUNT,
                    "credits": _AMOUNT,
                }
            ),
            "per_task": _same(["usd", "credits"], _AMOUNT),
            "by_kind": _list(_ref("kind_cost")),
            "bill": _ref("bill"),
        }
    ),
    "fit": _record(
        {
            "profile": _ref("profile"),
            "means": _list(
                _record(
                    {
                        "number": _TEXT,
                        "mean": _AMOUNT,
                        "low": _or_null(_DECIMAL),
                        "high": _or_null(_AMOUNT),
                        "values": _COUNT,
                    }
                )
            ),
            "tasks": _COUNT,
            "users": _COUNT,
            "active_days": _COUNT,
            "first_day": _DAY,
            "last_day": _DAY,
            "cached_share": _or_null(_AMOUNT),
            "models": _list(_record({"model": _or_null(_TEXT), "share": _AMOUNT})),
        }
    ),
    "focus": _record(
        {
            "focus_version": _one_of(FOCUS_VERSION),
            "basis": _one_of("bill", "usage", "estimate"),
            "billed_usd": _AMOUNT,
            "list_usd": _AMOUNT,
            "charges": _list(
                _record(
                    {
                        column: _FOCUS_VALUES.get(
                            column,
                            _AMOUNT
                            if column in _NUMERIC_COLUMNS
                            else _or_null(_COUNT if column.endswith("Tokens") else _TEXT),
                        )
                        for column in COLUMNS
                    }
                )
            ),
        }
    ),
    "forecast": _record(_FORECAST),
    "model": _record(
        {
            "model": _TEXT,
            "name": _TEXT,
            "provider": _TEXT,
            "aliases": _list(_TEXT),
            "catalogue_ids": _list(_TEXT),
            "successor": _or_null(_TEXT),
            "context_window": _list(
                _record(
                    {"tokens": _COUNT, "prompt_tokens": _or_null(_COUNT), "source": _TEXT, "note": _or_null(_TEXT)},
                )
            ),
            "lifecycle": _list(
                _record(
                    {
                        "on": _DAY,
                        "event": _TEXT,
                        "route": _or_null(_TEXT),
                        "certainty": _ref("certainty"),
                        "note": _or_null(_TEXT),
                    }
                )
            ),
            "note": _or_null(_TEXT),
            "on": _DAY,
            "claims": _list(
                _record(
                    {
                        "claim": _TEXT,
                        "in_force": _FLAG,
                        "age_days": _COUNT,
                        "change": _same(KINDS, _or_null(_DECIMAL)),
                    }
                )
            ),
            "conflicts": _list(_list(_TEXT)),
            "sources": _list(
                _record(
                    {
                        "id": _TEXT,
                        "title": _TEXT,
                        "address": _TEXT,
                        "read": _ref("day_or_month"),
                        "status": _ref("status"),
                        "note": _or_null(_TEXT),
                    }
                )
            ),
        }
    ),
    "plan": _record({**_PLAN_TERMS, "plan_kind": _PLAN_KIND, "on": _DAY, "sources": _PLAN_SOURCES}),
    "plans": _record(
        {"on": _DAY, "plans": _list(_record({**_PLAN_TERMS, "kind": _PLAN_KIND})), "sources": _PLAN_SOURCES}
    ),
    "price": _record(
        {
            "model": _TEXT,
            "route": _TEXT,
            "on": _DAY,
            "tokens": _same(KINDS, _COUNT),
            "requests": _COUNT,
            "usd": _AMOUNT,
            "credits": _AMOUNT,
            "nano_aiu": _COUNT,
            "by_kind": _list(_ref("kind_cost")),
        }
    ),
    "price-file": _record(
        {
            "source": _TEXT,
            "target": _TEXT,
            "engine": _TEXT,
            "records": _COUNT,
            "credits": _AMOUNT,
            "usd": _AMOUNT,
            "unpriced_records": _COUNT,
            "unpriced": _list(_record({"reason": _TEXT, "records": _COUNT})),
        }
    ),
    "profile": _record({"profile": _ref("profile")}),
    "profiles": _record({"profiles": _list(_ref("profile"))}),
    "rates": _record({"on": _DAY, "basis": _TEXT, "models": _COUNT}),
    "rates_check": _record(
        {
            "on": _DAY,
            "stale_days": _COUNT,
            "soon_days": _COUNT,
            "peers": _list(_record({"peer": _TEXT, "compared": _COUNT, "agree": _COUNT})),
            "disagreements": _list(
                _record(
                    {
                        "peer": _TEXT,
                        "name": _TEXT,
                        "route": _TEXT,
                        "model": _or_null(_TEXT),
                        "claim": _or_null(_TEXT),
                        "source": _or_null(_TEXT),
                        "book": _or_null(_PRICES),
                        "stated": _PRICES,
                    }
                )
            ),
            "stale": _list(
                _record({"source": _TEXT, "as_of": _ref("day_or_month"), "age_days": _COUNT, "claims": _list(_TEXT)}),
            ),
            "gaps": _list(
                _record({"model": _TEXT, "route": _TEXT, "service_tier": _TEXT, "from": _DAY, "until": _DAY}),
            ),
            "ends": _list(
                _record(
                    {
                        "model": _TEXT,
                        "route": _TEXT,
                        "on": _DAY,
                        "why": _one_of("price ends", "promotion ends", "retires"),
                    }
                )
            ),
        }
    ),
    "rates_diff": _record(
        {
            "old": _TEXT,
            "new": _TEXT,
            "added": _list(_TEXT),
            "removed": _list(_ref("rate")),
            "changed": _list(
                _record(
                    {
                        "id": _TEXT,
                        "fields": _list(
                            _one_of(
                                "status",
                                "prompt_tokens_over",
                                "effective_until",
                                "as_of",
                                "usd_per_mtok",
                                "promotional",
                                "note",
                            )
                        ),
                        "before": _ref("rate"),
                    }
                )
            ),
            "same": _COUNT,
        }
    ),
    "rates_import": _record(
        {
            "peer": _TEXT,
            "source": _TEXT,
            "on": _DAY,
            "into": _or_null(_TEXT),
            "written": _FLAG,
            "imported": _list(_record({"name": _TEXT, "model": _TEXT, "known": _FLAG, "already": _FLAG})),
        }
    ),
    "rates_sync": _record(
        {
            "table": _TEXT,
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "on": _DAY,
            "read": _DAY,
            "into": _or_null(_TEXT),
            "written": _FLAG,
            "models": _COUNT,
            "new": _list(_record({"model": _TEXT, "known": _FLAG, **_LISTED, "after": _PRICES})),
            "changed": _list(
                _record({"model": _TEXT, **_LISTED, "before": _PRICES, "after": _PRICES, "closed": _list(_TEXT)}),
            ),
            "gone": _list(_record({"model": _TEXT, "name": _TEXT, "before": _PRICES, "closed": _list(_TEXT)})),
            "unchanged": _COUNT,
        }
    ),
    "reconcile": _record(
        {
            "records": _COUNT,
            "compared": _COUNT,
            "exact": _COUNT,
            "credits_reported": _AMOUNT,
            "credits_computed": _AMOUNT,
            "difference_credits": _DECIMAL,
            "causes": _list(_record({"cause": _TEXT, "records": _COUNT, "difference_credits": _DECIMAL})),
            "by_model": _list(
                _record({"model": _or_null(_TEXT), "compared": _COUNT, "difference_credits": _DECIMAL}),
            ),
            "by_day": _list(_record({"day": _or_null(_DAY), "compared": _COUNT, "difference_credits": _DECIMAL})),
            "examples": _list(
                _record(
                    {
                        "file": _TEXT,
                        "line": _COUNT,
                        "model": _or_null(_TEXT),
                        "cause": _TEXT,
                        "detail": _or_null(_TEXT),
                        "credits_reported": _or_null(_AMOUNT),
                        "credits_computed": _or_null(_AMOUNT),
                    }
                )
            ),
            "skipped": _SKIPPED,
        }
    ),
    "sensitivity": _record(
        {
            **_WORK,
            "seed": _or_null(_COUNT),
            "samples": _or_null(_COUNT),
            "inputs": _list(
                _record(
                    {
                        "input": _TEXT,
                        "unit": _or_null(_TEXT),
                        "how": _TEXT,
                        "now": _or_null(_DECIMAL),
                        "low": _or_null(_DECIMAL),
                        "high": _or_null(_DECIMAL),
                        "claims": _list(_TEXT),
                    }
                )
            ),
            "options": _list(_FIGURE),
            "cheapest": _or_null(_TEXT),
            "cheapest_shares": _or_null(_list(_record({"option": _TEXT, "share": _AMOUNT}))),
            "decision": _or_null(_FIGURE),
            "turned_by": _list(_TEXT),
            "look_first": _or_null(_TEXT),
        }
    ),
    "session": _record(
        {
            "model": _TEXT,
            "route": _TEXT,
            "on": _DAY,
            "basis": _TEXT,
            "session": _record(
                {
                    "prefix": _COUNT,
                    "input_per_turn": _COUNT,
                    "output_per_turn": _COUNT,
                    "turns": _COUNT,
                    "cache_hit_share": _AMOUNT,
                    "compact_at": _or_null(_COUNT),
                    "history_after_compaction": _COUNT,
                    "summary_tokens": _COUNT,
                }
            ),
            "usd": _AMOUNT,
            "points": _list(
                _record(
                    {"turns": _COUNT, "usd": _AMOUNT, "uncached_usd": _AMOUNT, "uncompacted_usd": _or_null(_AMOUNT)},
                )
            ),
        }
    ),
    "solved": _record(
        {
            "profile": _TEXT,
            "on": _DAY,
            "basis": _TEXT,
            "benchmark": _or_null(
                _record(
                    {
                        "id": _TEXT,
                        "name": _TEXT,
                        "source": _TEXT,
                        "read": _ref("day_or_month"),
                        "caveat": _or_null(_TEXT),
                    }
                )
            ),
            "attempts": _or_null(_COUNT),
            "options": _list(
                _record(
                    {
                        "option": _TEXT,
                        "pass_rate": _AMOUNT,
                        "pass_rate_source": _one_of("benchmark", "stated"),
                        "token_factor": _AMOUNT,
                        "token_factor_source": _one_of("benchmark", "stated", None),
                        "attempt_usd": _AMOUNT,
                        **dict.fromkeys(
                            (
                                "per_solved_usd",
                                "per_solved_usd_if_failures_repeat",
                                "attempts_expected",
                                "attempts_expected_if_failures_repeat",
                                "solved_share",
                                "solved_share_if_failures_repeat",
                            ),
                            _or_null(_AMOUNT),
                        ),
                        "against": _or_null(_TEXT),
                        "difference_usd": _or_null(_DECIMAL),
                        "break_even_pass_rate": _or_null(_AMOUNT),
                        "rate_id": _TEXT,
                        "status": _ref("status"),
                        "by_claim": _list(
                            _record(
                                {
                                    **_CLAIM,
                                    "attempt_usd": _AMOUNT,
                                    "per_solved_usd": _or_null(_AMOUNT),
                                    "per_solved_usd_if_failures_repeat": _or_null(_AMOUNT),
                                }
                            )
                        ),
                        "month": _or_null(
                            _record(
                                {
                                    "plan": _or_null(_TEXT),
                                    "total_usd": _or_null(_AMOUNT),
                                    "tasks_solved": _or_null(_AMOUNT),
                                    "per_solved_usd": _or_null(_AMOUNT),
                                }
                            )
                        ),
                    }
                )
            ),
            "cheapest": _or_null(_TEXT),
            "cheapest_if_failures_repeat": _or_null(_TEXT),
            "verdict": _record(
                {
                    "robust": _FLAG,
                    "turned_by": _list(_TEXT),
                    "turns": _list(
                        _record(
                            {
                                "failures": _TEXT,
                                **_VERDICT_TURN,
                                "per_solved": _list(_record({"option": _TEXT, "per_solved_usd": _or_null(_AMOUNT)})),
                            }
                        )
                    ),
                }
            ),
        }
    ),
    "sweep": _record(
        {
            **_WORK,
            "axes": _list(_record({"input": _TEXT, "unit": _TEXT, "now": _AMOUNT, "values": _list(_AMOUNT)})),
            "options": _list(_TEXT),
            "points": _list(
                _record(
                    {
                        "at": _list(_AMOUNT),
                        "total_usd": _list(_AMOUNT),
                        "cheapest": _or_null(_TEXT),
                        "blocks_work": _FLAG,
                    }
                ),
            ),
            "boundaries": _list(
                _record(
                    {
                        "from": _AMOUNT,
                        "to": _AMOUNT,
                        "row": _or_null(_AMOUNT),
                        "before": _or_null(_TEXT),
                        "after": _or_null(_TEXT),
                    }
                )
            ),
        }
    ),
    "usage": _record(
        {
            "records": _COUNT,
            "files": _list(_record({"file": _TEXT, "source": _TEXT, "records": _COUNT})),
            "skipped": _SKIPPED,
            "skipped_count": _COUNT,
            "totals": _record(_TOTALS),
            "unbilled": _record(_TOTALS),
            "by": _list(_one_of(*KEYS)),
            "groups": _list(_record(_TOTALS, dict.fromkeys(KEYS, _or_null(_TEXT)))),
            "unpriced": _list(
                _record(
                    {"model": _or_null(_TEXT), "route": _TEXT, "reason": _TEXT, "records": _COUNT, "tokens": _COUNT},
                )
            ),
        }
    ),
    "whatif": _record(
        {
            **_WORK,
            "base": _list(_record({"option": _TEXT, "total_usd": _AMOUNT, "credits": _AMOUNT})),
            "cheapest": _or_null(_TEXT),
            "scenarios": _list(
                _record(
                    {
                        "name": _TEXT,
                        "changes": _list(
                            _record(
                                {
                                    "input": _TEXT,
                                    "change": _TEXT,
                                    "from": _or_null(_TEXT),
                                    "to": _or_null(_TEXT),
                                    "unit": _or_null(_TEXT),
                                }
                            )
                        ),
                        "outcomes": _list(
                            _record(
                                {
                                    "option": _TEXT,
                                    "total_usd": _AMOUNT,
                                    "credits": _AMOUNT,
                                    "difference_usd": _DECIMAL,
                                    "causes": _list(_record({"cause": _TEXT, "usd": _DECIMAL})),
                                    "parts": _list(_record({"part": _TEXT, "usd": _DECIMAL})),
                                }
                            )
                        ),
                        "cheapest": _or_null(_TEXT),
                    }
                )
            ),
        }
    ),
}

# A report is made of other outputs, without the rates and notices of each.
_BODIES["report"] = _record(
    {
        "work": _TEXT,
        "people": _COUNT,
        "on": _DAY,
        "basis": _TEXT,
        "seed": _COUNT,
        "draws": _COUNT,
        "forecast": _BODIES["forecast"],
        "advise": _BODIES["advise"],
        "compare": _or_null(_BODIES["compare"]),
        "sensitivity": _or_null(_BODIES["sensitivity"]),
        "profiles": _list(_ref("profile")),
        "ages": _list(_record({"claim": _TEXT, "age_days": _COUNT})),
        "sources": _BODIES["model"]["properties"]["sources"],
    }
)

KINDS_OF_OUTPUT: Final = tuple(_BODIES)

# What several kinds share.
_DEFS: Final[dict[str, Schema]] = {
    "decimal": {
        "type": "string",
        "pattern": r"^-?(0|[1-9]\d*)(\.\d+)?$",
        "description": "a decimal number in plain notation, exactly",
    },
    "amount": {
        "type": "string",
        "pattern": r"^(0|[1-9]\d*)(\.\d+)?$",
        "description": "a decimal number of at least 0 in plain notation, exactly",
    },
    "day": {"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"},
    "month": {"type": "string", "pattern": r"^\d{4}-\d\d$"},
    "day_or_month": {"type": "string", "pattern": r"^\d{4}-\d\d(-\d\d)?$"},
    "instant": {
        "type": "string",
        "format": "date-time",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$",
        "description": "in UTC",
    },
    "status": _one_of(*STATUSES),
    "certainty": _one_of(*get_args(Certainty)),
    "kind_cost": _record(
        {"kind": _one_of(*KINDS), "tokens": _COUNT, "usd_per_mtok": _AMOUNT, "usd": _AMOUNT, "credits": _AMOUNT}
    ),
    "bill": _record(
        {
            "plan": _or_null(_TEXT),
            "seats": _COUNT,
            "seat_usd": _AMOUNT,
            **dict.fromkeys(
                (
                    "included_credits",
                    "included_used_credits",
                    "metered_credits",
                    "metered_usd",
                    "total_usd",
                    "blocked_credits",
                ),
                _or_null(_AMOUNT),
            ),
            "account_month": _or_null(_MONTH),
        }
    ),
    "distribution": _same(["mean", *_PERCENTILES], _AMOUNT),
    "exhaustion": _record({"probability": _AMOUNT, **dict.fromkeys(("p10", "p50", "p90"), _or_null(_DAY))}),
    "blocked": _record({"probability": _AMOUNT, "credits": _ref("distribution")}),
    "profile": _record(
        {
            "name": _TEXT,
            "title": _or_null(_TEXT),
            "task": _TEXT,
            "per": _TEXT,
            "numbers": _same(NUMBERS, _or_null(_ref("profile_number"))),
            "note": _or_null(_TEXT),
            "sources": _list(_record({"id": _TEXT, "title": _TEXT, "address": _TEXT})),
        }
    ),
    "profile_number": _record(
        {
            "value": _AMOUNT,
            "how": _or_null(_TEXT),
            "from": _list(_TEXT),
            "note": _or_null(_TEXT),
            "low": _or_null(_AMOUNT),
            "high": _or_null(_AMOUNT),
        }
    ),
    "rate": _record(
        {
            "id": _TEXT,
            "model": _TEXT,
            "route": _TEXT,
            "status": _ref("status"),
            "source": _TEXT,
            "as_of": _ref("day_or_month"),
            "effective_from": _or_null(_DAY),
            "effective_until": _or_null(_DAY),
            "tier": _TEXT,
            "service_tier": _TEXT,
            "prompt_tokens_over": _COUNT,
            "usd_per_mtok": _USD_PER_MTOK,
            "promotional": _FLAG,
            "modifiers": _list(_record({"id": _TEXT, "factor": _AMOUNT})),
            "note": _or_null(_TEXT),
        }
    ),
    "tier_prices": _record({"prompt_tokens_over": _COUNT, "usd_per_mtok": _USD_PER_MTOK}),
    "notice": _record({"code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}, "message": _TEXT}),
}


def output_schema(kind: str) -> Schema:
    """The JSON Schema of one kind of machine output, such as `estimate` or `bill`.

    Raises `UnknownNameError` for a kind that there is not.

    >>> output_schema("estimate")["$id"]
    'urn:costcalc:output:1:estimate'
    """
    check_known("kind of output", kind, KINDS_OF_OUTPUT)
    body = _BODIES[kind]
    outer = {"schema_version": _one_of(SCHEMA_VERSION), "kind": _one_of(kind)}
    whole = _record(
        {**outer, **body["properties"], "rates": _list(_ref("rate")), "notices": _list(_ref("notice"))},
    )
    return {
        "$schema": DIALECT,
        "$id": f"urn:costcalc:output:{SCHEMA_VERSION}:{kind}",
        "title": f"costcalc {kind}, schema version {SCHEMA_VERSION}",
        **whole,
        "$defs": {name: _DEFS[name] for name in _DEFS if name in _used(whole)},
    }


def _used(schema: object) -> set[str]:
    """The names of the definitions that a schema refers to, and those that they refer to."""
    if isinstance(schema, list):
        return set().union(*map(_used, schema))
    if not isinstance(schema, dict):
        return set()
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return {name} | _used(_DEFS[name])
    return set().union(*map(_used, schema.values()))
