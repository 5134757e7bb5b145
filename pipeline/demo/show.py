"""The demo's last screen."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from pipeline.demo.account import Books, differences

_NEVER_SHOWN = {
    "unknown_point_of_sale": "201, and never shown",
    "identity_missing": "201, and never shown",
}
"""What Sitecore would have answered to orders set aside for these reasons."""


def show(console: Console, books: Books, *, seconds: float) -> None:
    """Print the day's accounts."""
    table = Table(title="A shop's day", show_header=False, title_justify="left", pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    table.add_row(str(books.published), "events in")
    for outcome, count in books.assembled.most_common():
        table.add_row(f"[dim]{count}[/]", f"[dim]  {_words(outcome)}[/]")
    table.add_section()
    table.add_row(str(books.owed), "messages owed to Sitecore")
    for outcome, count in books.finished.most_common():
        table.add_row(f"[dim]{count}[/]", f"[dim]  {_words(outcome)}[/]")
    table.add_row(str(books.answers.total()), "requests out, answered")
    for answer, count in books.answers.most_common():
        table.add_row(f"[dim]{count}[/]", f"[dim]  {answer}[/]")
    table.add_section()
    _orders(table, books)
    table.add_section()
    _unseen(table, books)
    console.print(table)
    if not differences(books):
        console.print(f"The numbers add up. It took {seconds:.0f} seconds.")


def _orders(table: Table, books: Books) -> None:
    aside = books.orders_set_aside
    table.add_row(str(len(books.orders_placed)), "orders placed")
    table.add_row(str(len(books.arrived)), "  arrived at Sitecore")
    repeats = books.arrived.total() - len(books.arrived)
    if repeats:
        table.add_row(str(repeats), "  of them twice: answered 502 once taken, marked")
    for reason, count in Counter(aside.values()).most_common():
        would = f" [dim](Sitecore: {_NEVER_SHOWN[reason]})[/]" if reason in _NEVER_SHOWN else ""
        table.add_row(str(count), f"  set aside: {_words(reason)}{would}")
    others = Counter(letter.reason for letter in books.letters if letter.order_id is None)
    table.add_row(str(others.total()), "other records set aside")
    for reason, count in others.most_common():
        table.add_row(f"[dim]{count}[/]", f"[dim]  {_words(reason)}[/]")


def _unseen(table: Table, books: Books) -> None:
    table.add_row(str(books.unseen.total()), "messages accepted that Sitecore would never show")
    for reason, count in books.unseen.most_common():
        table.add_row(f"[dim]{count}[/]", f"[dim]  {_words(reason)}[/]")


def _words(label: str) -> str:
    return label.replace("_", " ")
