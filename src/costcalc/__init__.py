"""costcalc: what GitHub Copilot's AI credits will cost, by which route it is cheapest, and how far to trust the figure.

Every public name is loaded on first use, so that `import costcalc` costs next to nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from costcalc import frames as frames
    from costcalc.billing.account import Account as Account
    from costcalc.billing.account import Budget as Budget
    from costcalc.billing.account import CostCenter as CostCenter
    from costcalc.billing.account import Seats as Seats
    from costcalc.billing.bill import Bill as Bill
    from costcalc.billing.explain import AccountCheck as AccountCheck
    from costcalc.billing.explain import check_account as check_account
    from costcalc.billing.plan import Plan as Plan
    from costcalc.billing.plan import plan as plan
    from costcalc.billing.plan import plans as plans
    from costcalc.billing.statement import AccountBill as AccountBill
    from costcalc.billing.statement import bill as bill
    from costcalc.billing.usage import UsageRecord as UsageRecord
    from costcalc.claims import PriceHistory as PriceHistory
    from costcalc.claims import price_history as price_history
    from costcalc.comparison import Comparison as Comparison
    from costcalc.comparison import compare as compare
    from costcalc.deciding.advising import Advice as Advice
    from costcalc.deciding.advising import advise as advise
    from costcalc.deciding.crossings import Breakeven as Breakeven
    from costcalc.deciding.crossings import breakeven as breakeven
    from costcalc.deciding.grid import Sweep as Sweep
    from costcalc.deciding.grid import sweep as sweep
    from costcalc.deciding.scenarios import WhatIf as WhatIf
    from costcalc.deciding.scenarios import whatif as whatif
    from costcalc.deciding.sensitivities import Sensitivity as Sensitivity
    from costcalc.deciding.sensitivities import sensitivity as sensitivity
    from costcalc.deciding.solving import Solved as Solved
    from costcalc.deciding.solving import solved as solved
    from costcalc.errors import CostcalcError as CostcalcError
    from costcalc.errors import InputError as InputError
    from costcalc.errors import RateNotFoundError as RateNotFoundError
    from costcalc.errors import UnknownNameError as UnknownNameError
    from costcalc.estimation import Estimate as Estimate
    from costcalc.estimation import Option as Option
    from costcalc.estimation import estimate as estimate
    from costcalc.fitting import Fit as Fit
    from costcalc.fitting import fit_profile as fit_profile
    from costcalc.focus import FOCUS_KEYS as FOCUS_KEYS
    from costcalc.focus import FocusCharges as FocusCharges
    from costcalc.focus import to_focus as to_focus
    from costcalc.forecasting.backtesting import Backtest as Backtest
    from costcalc.forecasting.backtesting import backtest as backtest
    from costcalc.forecasting.outlook import Forecast as Forecast
    from costcalc.forecasting.running import forecast as forecast
    from costcalc.guarding import Check as Check
    from costcalc.guarding import check as check
    from costcalc.history import UsageReport as UsageReport
    from costcalc.history import usage as usage
    from costcalc.notices import Notice as Notice
    from costcalc.pricing.book import PriceBook as PriceBook
    from costcalc.pricing.rate import Cost as Cost
    from costcalc.pricing.rate import Rate as Rate
    from costcalc.quote import Price as Price
    from costcalc.quote import price as price
    from costcalc.readers.usage_csv import read_usage_csv as read_usage_csv
    from costcalc.reconciliation import Reconciliation as Reconciliation
    from costcalc.reconciliation import reconcile as reconcile
    from costcalc.reporting import Report as Report
    from costcalc.reporting import report as report
    from costcalc.schemas import output_schema as output_schema
    from costcalc.sessions import SessionCost as SessionCost
    from costcalc.sessions import session_cost as session_cost
    from costcalc.showing.display import Result as Result
    from costcalc.team import Group as Group
    from costcalc.team import Team as Team
    from costcalc.tokens import TokenUsage as TokenUsage
    from costcalc.upkeep.checking import RatesCheck as RatesCheck
    from costcalc.upkeep.checking import check_rates as check_rates
    from costcalc.upkeep.differing import RatesDiff as RatesDiff
    from costcalc.upkeep.differing import diff_rates as diff_rates
    from costcalc.upkeep.importing import RatesImport as RatesImport
    from costcalc.upkeep.importing import import_rates as import_rates
    from costcalc.upkeep.syncing import RatesSync as RatesSync
    from costcalc.upkeep.syncing import sync_rates as sync_rates
    from costcalc.workload.benchmark import Benchmark as Benchmark
    from costcalc.workload.benchmark import benchmarks as benchmarks
    from costcalc.workload.profile import SessionProfile as SessionProfile
    from costcalc.workload.turns import TurnModel as TurnModel

__version__ = "0.1.0"

_HOMES = {
    "Account": "billing.account",
    "AccountBill": "billing.statement",
    "AccountCheck": "billing.explain",
    "Advice": "deciding.advising",
    "Backtest": "forecasting.backtesting",
    "Benchmark": "workload.benchmark",
    "Bill": "billing.bill",
    "Breakeven": "deciding.crossings",
    "Budget": "billing.account",
    "Check": "guarding",
    "Comparison": "comparison",
    "Cost": "pricing.rate",
    "CostCenter": "billing.account",
    "CostcalcError": "errors",
    "Estimate": "estimation",
    "FOCUS_KEYS": "focus",
    "Fit": "fitting",
    "FocusCharges": "focus",
    "Forecast": "forecasting.outlook",
    "Group": "team",
    "InputError": "errors",
    "Notice": "notices",
    "Option": "estimation",
    "Plan": "billing.plan",
    "Price": "quote",
    "PriceBook": "pricing.book",
    "PriceHistory": "claims",
    "Rate": "pricing.rate",
    "RateNotFoundError": "errors",
    "RatesCheck": "upkeep.checking",
    "RatesDiff": "upkeep.differing",
    "RatesImport": "upkeep.importing",
    "RatesSync": "upkeep.syncing",
    "Reconciliation": "reconciliation",
    "Report": "reporting",
    "Result": "showing.display",
    "Seats": "billing.account",
    "Sensitivity": "deciding.sensitivities",
    "SessionCost": "sessions",
    "SessionProfile": "workload.profile",
    "Solved": "deciding.solving",
    "Sweep": "deciding.grid",
    "Team": "team",
    "TokenUsage": "tokens",
    "TurnModel": "workload.turns",
    "UnknownNameError": "errors",
    "UsageRecord": "billing.usage",
    "UsageReport": "history",
    "WhatIf": "deciding.scenarios",
    "advise": "deciding.advising",
    "backtest": "forecasting.backtesting",
    "benchmarks": "workload.benchmark",
    "bill": "billing.statement",
    "breakeven": "deciding.crossings",
    "check": "guarding",
    "check_account": "billing.explain",
    "check_rates": "upkeep.checking",
    "compare": "comparison",
    "diff_rates": "upkeep.differing",
    "estimate": "estimation",
    "fit_profile": "fitting",
    "forecast": "forecasting.running",
    "import_rates": "upkeep.importing",
    "output_schema": "schemas",
    "plan": "billing.plan",
    "plans": "billing.plan",
    "price": "quote",
    "price_history": "claims",
    "read_usage_csv": "readers.usage_csv",
    "reconcile": "reconciliation",
    "report": "reporting",
    "sensitivity": "deciding.sensitivities",
    "session_cost": "sessions",
    "solved": "deciding.solving",
    "sweep": "deciding.grid",
    "sync_rates": "upkeep.syncing",
    "to_focus": "focus",
    "usage": "history",
    "whatif": "deciding.scenarios",
}

_MODULES = {"frames"}
_EXTRAS = {"numpy": "forecast", "narwhals": "frames"}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604

if not TYPE_CHECKING:  # a type checker knows the names from the imports above, and no others

    def __getattr__(name: str) -> object:
        home = name if name in _MODULES else _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'costcalc' has no attribute {name!r}")
        from importlib import import_module

        try:
            module = import_module(f"costcalc.{home}")
        except ModuleNotFoundError as error:
            if error.name not in _EXTRAS:
                raise
            from costcalc.errors import InputError

            raise InputError(f"{name} needs {error.name}: pip install 'costcalc[{_EXTRAS[error.name]}]'") from None
        value = module if name in _MODULES else getattr(module, name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
