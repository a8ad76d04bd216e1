"""`--focus FILE`: what a command found, written as FOCUS charges too."""

import sys

import costcalc


def write_focus(
    result: "costcalc.AccountBill | costcalc.UsageReport | costcalc.Estimate",
    path: str | None,
    billing_account: str | None,
    rates: "costcalc.PriceBook | None" = None,
) -> None:
    """Write the charges of a result to a file, if one is asked for, and say so on standard error."""
    if path is None:
        if billing_account is not None:
            raise costcalc.InputError("--billing-account goes with --focus FILE, to which it is written")
        return
    from costcalc.focus import FOCUS_VERSION
    from costcalc.showing.display import count_of
    from costcalc.showing.texts import visible

    charges = costcalc.to_focus(result, billing_account=billing_account, rates=rates)
    charges.write(path)
    told = [f"{count_of(len(charges.charges), 'charge')} of FOCUS {FOCUS_VERSION} written to {path}"]
    told += [notice.message for notice in charges.notices if notice not in result.notices]
    for line in told:
        print(f"costcalc: {visible(line)}", file=sys.stderr)
