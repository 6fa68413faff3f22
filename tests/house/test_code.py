"""Rules about the program's own source, each with its exceptions and their reasons."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.source import calls, functions, is_view, length, modules, under
from tests.side_by_side import EARLY, WITH_BOOKS, together
from tests.twins import MOST, ON_BOTH, told_on_sqlite

LONGEST_FUNCTION, LONGEST_VIEW, LONGEST_FILE = 60, 25, 450
LONG_FUNCTIONS = {
    "wibawa/printing/documents.py:schedule_document": "a list of named values, one a line",
}
LONG_FILES = {
    "wibawa/commands.py": "one command after another, each a thin door; a table, not a story",
    "wibawa/demo.py": "the demo office in one place, so that nothing else knows of it",
}
STANDARD_NAMES = {"__init__", "routes", "forms", "actions", "queries", "models", "reader", "checks"}
STANDARD_NAMES |= {"kind"}  # "kind": the words of a kind of file, where one arrives
OTHER_NAMES = {
    "access/keys": "the data key: made once, and known again at start",
    "access/sealed": "columns whose text is sealed for its row",
    "access/guard": "@needs and @public, used by every routes.py",
    "access/guessing": "failed tries, counted for every process alike",
    "access/once": "idempotency keys, used by every writing page",
    "access/permissions": "the one list of permissions and roles",
    "access/passwords": "hashes, the policy, one-time passwords",
    "access/personal_data": "NIK encrypted, indexed and masked",
    "access/presence": "when a browser was last used, without a write",
    "access/proof": "@proven, used by every page that approves money",
    "access/second_factor": "codes of an app and on paper",
    "access/sessions": "revocable signed-in browsers",
    "access/settings": "the office's settings of passwords, sessions and codes",
    "access/trail": "the append-only trail",
    "access/tries": "one try at a password or code, for signing in and for a proof",
    "access/users": "users and passwords, for pages and command line alike",
    "applications/entry": "the form at the counter: its address, its drafts, what the months cost",
    "applications/export": "the filtered list as a file",
    "applications/lists": "the filtered list and what waits for a person, for page and menu",
    "applications/moves": "the only way to a new state, one application or a whole file of them",
    "audit/places": "where the page of an object is, for who may open it",
    "audit/words": "what the trail calls deeds and objects, and where their pages are",
    "audit/lists": "the filtered list of the trail, for page and export",
    "audit/chain/lists": "the filtered list of links, for page and export",
    "arrears/reminders/letter": "a reminder letter, as plain data",
    "arrears/lists": "the filtered, sorted list of late loans, for page and export",
    "borrowers/history": "what was written down about a borrower",
    "borrowers/register": "the filtered, sorted register, for page and export",
    "borrowers/story": "a borrower's history out of several folders, as plain data",
    "changes/case": "a loan as every request about it finds it",
    "changes/effect": "what a request would change, as plain data",
    "changes/lists": "the filtered list of requests, for page and export",
    "changes/kinds/__init__": "the registry of kinds of requests",
    "changes/kinds/files": "the kind that undoes a posted file",
    "changes/kinds/money": "the kinds about money that no file brought, or brought wrongly",
    "changes/kinds/suspense": "the kinds about titipan",
    "changes/kinds/settlement": "paying off early, and taking that back",
    "changes/kinds/write_off": "the kind that writes a loan off",
    "changes/kinds/schedule": "the kinds that make a new version of the schedule",
    "dashboard/books": "figures of a day, kept while the books say the same",
    "dashboard/opened/document": "the open figures as plain data",
    "decisions/answers": "what a file of answers says, and what its check knows and finds",
    "disbursements/entry": "the form of a disbursement: its address and what it begins with",
    "disbursements/lists": "the filtered list, and the approved applications that wait",
    "disbursements/files/rows": "what a file of disbursements says, and what its check finds",
    "chains/export": "a chain as a file that an auditor checks without this program",
    "chains/lines": "what lines and links are, for every chain",
    "chains/office": "what a link of the office's chain covers",
    "chains/proof": "whether chains are whole, for `wibawa check`",
    "jobs/process": "the worker beside the embedded server, as a process of its own",
    "jobs/runner": "a worker: claims jobs and does them",
    "keeping/archive": "a backup as a file",
    "keeping/backups": "makes a backup, for pages, commands and migrations alike",
    "keeping/guards": "triggers and references that stand back while a backup comes in",
    "keeping/jobs": "the nightly backup, a worker's work",
    "keeping/rekeying": "another data key: what is sealed, then the files of the key",
    "keeping/restoring": "brings a backup, or another database's rows, into an empty place",
    "keeping/rotation": "which backups stay, as plain data",
    "keeping/rows": "the rows of both engines in one spelling",
    "keeping/sealing": "everything that is sealed, sealed with another key",
    "keeping/upgrading": "a backup first, then all migrations or none",
    "home/menu": "the menu by task, shown on every page",
    "home/tasks": "what waits for a person, on the first page only",
    "indicators/counted/lists": "the filtered list of what a figure counts, for page and export",
    "indicators/definitions/sheet": "the metadata sheet of an indicator, as plain data",
    "indicators/implied": "which numerators the published figures imply",
    "indicators/locks/invariants": "what `wibawa check` proves of locked years",
    "indicators/locks/document": "a locked year as plain data, as it is hashed and kept",
    "indicators/starts": "what a year began with, for its pace",
    "indicators/members": "which loans a figure counts, as SQL for larger queries",
    "layouts/kinds": "the kinds of files whose headings can be taught, one line each",
    "letters/documents": "a letter as plain data; no Flask, no database",
    "loans/invariants": "what `wibawa check` proves",
    "loans/journal": "the only way into the ledger",
    "loans/portfolio": "figures of all loans on a day, for pages and command line",
    "loans/positions": "the position of every loan as one query",
    "loans/lists": "the filtered, sorted list of loans, for page and export",
    "loans/chain/lines": "what a link of the chain covers, as lines of text",
    "loans/chain/proof": "whether the banks' chains are whole",
    "loans/dues/lists": "the filtered list of installments, for page and export",
    "loans/entries/lists": "the filtered list of ledger entries, for page and export",
    "loans/moves/lists": "the filtered list of moves between classes, for page and export",
    "loans/shown": "what of a loan and of its file the person who asks may see",
    "loans/deeds": "what a decided request writes about money, reckoned and carried out",
    "loans/receiving": "how much money a loan takes that no file brought",
    "loans/suspense": "titipan: what is open, whose it may be, what becomes of it",
    "loans/undoing": "what undoes an entry, a misplaced payment or a whole file",
    "loans/settlements": "early settlements that wait for their money, for pages and files alike",
    "loans/undone": "what is reversed and what of titipan is open, as SQL for larger queries",
    "loans/statement": "a loan's schedule beside its money, as plain data",
    "merging/moving": "what a decided request moves, and how that is taken back",
    "notices/letter": "a letter to an applicant, as plain data",
    "printing/blocks": "the parts of a letter, drawn with ReportLab",
    "printing/documents": "plain data for paper; no Flask, no database",
    "printing/letters": "letters drawn with ReportLab",
    "printing/pdf": "schedules drawn with ReportLab",
    "reconciliation/books": "what the books say of a bank's month, for page and closing alike",
    "reconciliation/differences": "where the bank's rows say something else, and why",
    "reconciliation/document": "a bank's month as plain data, as it is kept once closed",
    "reconciliation/letter": "the Berita Acara, as plain data",
    "reconciliation/invariants": "what `wibawa check` proves of closed months",
    "reconciliation/lists": "the lists of a month, for page and export",
    "reconciliation/months": "which months are to be reconciled, for page and menu",
    "reports/banks": "the reports of quota and titipan",
    "reports/books": "what several reports ask of the books",
    "reports/catalogue": "the one list of reports: what each is called, asks for and is made by",
    "reports/changed": "the reports of restructured and written off loans",
    "reports/classes": "the reports of collectibility and of the portfolio's quality",
    "reports/coming": "the report of what falls due",
    "reports/document": "a report as plain data",
    "reports/files": "a report as workbook, CSV, paper and JSON",
    "reports/money": "the reports of what was lent and what came back",
    "reports/paid_off": "how much principal money paid off in spans of a period",
    "reports/people": "the report of borrowers reached",
    "reports/portfolio": "the report of the portfolio, and its ratios for the first page",
    "reports/results": "the reports of indicators year by year",
    "reports/yearly": "the yearly report, put together of the others",
    "papers/jobs": "the kinds of jobs that print",
    "papers/decided": "payoff offer and minutes of a decided change, as plain data",
    "papers/filed": "the receipt of a posted file, as plain data",
    "papers/posted": "what a posted file came to, out of the books",
    "papers/letter": "card, receipt and payoff statement, as plain data",
    "printing/charts": "bars and lines drawn with ReportLab",
    "printing/statements": "reports drawn with ReportLab",
    "printing/download": "a report's paper as the answer that downloads it",
    "printing/batch": "many schedules in one file on disk",
    "printing/issued": "what was issued, drawn again from its kept document",
    "printing/letterhead": "the head, margins and colours of every paper",
    "printing/facts": "the labelled values above a schedule",
    "printing/qr": "the code on a paper, drawn as rectangles",
    "printing/fonts/__init__": "the folder of the embedded font",
    "privacy/activities": "the register of processing activities, as plain data",
    "privacy/subject": "all that is held about a person, as sheets or a paper",
    "proposals/letter": "the covering letter and list of a batch, as plain data",
    "siumi/alike": "who of a file may be known already under another NIK",
    "siumi/jobs": "the steps of a large file, a worker's work",
    "siumi/facts": "what the books know that a file is checked against",
    "siumi/places": "the kelurahan by code and by name, as files write them",
    "repayments/allocation": "a file's money loan by loan, out of plan and journal",
    "repayments/ways": "where each loan's money goes, as plain data",
    "repayments/closed": "rows dated in a month that is closed, as notices",
    "repayments/differences": "the bank's own figures beside ours, as notices",
    "repayments/jobs": "the steps of a large file, a worker's work",
    "repayments/facts": "what the books know that a file is checked against",
    "repayments/layout": "a bank's words for the columns",
    "repayments/outcome": "what a check knows and finds, as plain data",
    "repayments/rows": "typed rows of a repayment file",
    "scans/reader_child": "the process in which scans are opened; no key, no database",
}
# Folders that are tools, not things the office talks about, name their files by what these do.
TOOL_FOLDERS = {"rules", "web", "uploads"}
MONEY_FOLDERS = (
    "rules", "applications", "changes", "decisions", "merging", "loans", "repayments",
    "disbursements", "indicators", "banks", "home", "arrears", "reconciliation", "reports",
    "dashboard",
)  # fmt: skip
DIVISIONS: dict[str, str] = {}
FLOATS = {"wibawa/uploads/names.py": "likeness of two spellings, no money"}
COMMITS_ELSEWHERE = {
    "wibawa/commands.py": "the command line is a way in, like a routes.py",
    "wibawa/jobs/runner.py": "a worker is a way in, like a page: one job, one transaction",
    "wibawa/access/trail.py": "a refused try is recorded though nothing else is",
    "wibawa/access/proof.py": "a proof holds, and a wrong one counts, whatever the page then does",
    "wibawa/access/tries.py": "a try counts before anybody looks whether it was right",
}
CLOCK_READERS = {"date.today", "datetime.today", "datetime.now", "datetime.utcnow", "time.time"}
CLOCK_READERS |= {"time.localtime", "time.gmtime", "time.time_ns", "func.now"}


def test_only_pages_and_commands_commit() -> None:
    found = {
        name
        for name, tree in modules().items()
        for _, called in calls(tree)
        if called.endswith((".commit", "session.begin"))
    }
    others = {name for name in found if not name.endswith("/routes.py")}
    assert others <= COMMITS_ELSEWHERE.keys(), "a commit outside routes.py and commands.py"
    assert others >= COMMITS_ELSEWHERE.keys(), "an exception that nobody needs any more"


def test_only_the_clock_module_reads_the_clock() -> None:
    found = [
        f"{name}:{node.lineno} {called}"
        for name, tree in modules().items()
        if name != "wibawa/web/clock.py"
        for node, called in calls(tree)
        if ".".join(called.split(".")[-2:]) in CLOCK_READERS
    ]
    assert found == []


def test_the_database_never_reads_its_own_clock() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and any(word in node.value for word in ("CURRENT_TIMESTAMP", "CURRENT_DATE", "now()"))
    ]
    assert found == []


def test_money_is_never_a_float() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in under(*MONEY_FOLDERS)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float | complex))
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("float", "round"))
        if name not in FLOATS
    ]
    assert found == []


def test_money_is_divided_in_whole_numbers_only() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in under(*MONEY_FOLDERS)
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        if name not in DIVISIONS
    ]
    assert found == []


def test_no_list_for_a_file_has_a_limit_of_its_own() -> None:
    """Of the one way, `web/pages.py`, they take at most the row that shows that there are more."""
    found = {
        (name, function.name)
        for name, tree in modules().items()
        for function in functions(tree)
        if function.name.startswith("all_")
        for node, called in calls(function)
        if called.endswith(".limit") and "MOST_IN_FILE" not in ast.unparse(node)
    }
    assert found == set()


def test_a_folder_holds_only_the_known_kinds_of_file() -> None:
    stems = {
        name.removeprefix("wibawa/").removesuffix(".py")
        for name in modules()
        if name.count("/") > 1 and name.split("/")[1] not in TOOL_FOLDERS
    }
    others = {stem for stem in stems if stem.split("/")[-1] not in STANDARD_NAMES}
    assert sorted(others - OTHER_NAMES.keys()) == [], "a file name without a reason"
    assert sorted(OTHER_NAMES.keys() - stems) == [], "a reason without a file"


def test_no_file_is_named_after_nothing() -> None:
    empty_words = {"util", "utils", "helpers", "helper", "services", "manager", "common", "misc"}
    found = [name for name in modules() if name.split("/")[-1].removesuffix(".py") in empty_words]
    assert found == []


def test_functions_and_views_stay_short() -> None:
    found = [
        f"{name}:{node.lineno} {node.name} has {length(node)} lines"
        for name, tree in modules().items()
        for node in functions(tree)
        if length(node) > (LONGEST_VIEW if is_view(node) else LONGEST_FUNCTION)
        and f"{name}:{node.name}" not in LONG_FUNCTIONS
    ]
    assert found == []


def test_files_stay_short() -> None:
    from tests.house.source import ROOT

    lines = {name: len((ROOT / name).read_text().splitlines()) for name in modules()}
    long = {name: count for name, count in lines.items() if count > LONGEST_FILE}
    unexplained = {name: count for name, count in long.items() if name not in LONG_FILES}
    assert unexplained == {}
    assert sorted(LONG_FILES.keys() - long.keys()) == [], "an exception that nobody needs any more"


def test_what_the_tests_begin_early_is_there() -> None:
    tests = Path(__file__).resolve().parents[1]
    named = {name for name in EARLY if name.endswith(".py")} | WITH_BOOKS
    assert [name for name in sorted(named) if not (tests / name).is_file()] == []
    groups = {together(f"tests/{name}::test[postgresql]") for name in WITH_BOOKS}
    groups |= {together(f"tests/{name}::test[sqlite]") for name in WITH_BOOKS}
    groups.add(together("tests/journeys/test_readers.py::test"))
    assert set(EARLY) - named == groups


def test_what_is_told_on_sqlite_alone_is_there_and_is_not_about_money() -> None:
    root = Path(__file__).resolve().parents[2]
    names = told_on_sqlite()
    assert 0 < len(names) <= MOST
    gone = []
    for name in sorted(names):
        module, _, test = name.partition("::")
        path = root / module
        told = f"def {test.rpartition('::')[2]}("
        if not path.is_file() or told not in path.read_text():
            gone.append(name)
    assert gone == []
    assert [name for name in sorted(names) if ON_BOTH.search(name)] == []
