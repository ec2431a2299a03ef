"""Mutation testing of the pure parts that evidence rests on: one small change at a time; do the tests notice?

    python -m benchmarks.mutation                   all of MODULES
    python -m benchmarks.mutation merkle notes      some
    python -m benchmarks.mutation --only 17 merkle  one mutant, its tests shown

Every mutant runs in a fork of a process that has pytest and the outside packages loaded already, so it costs little more
than its tests.  Not mutated: annotations, decorators, docstrings, and the words of error messages (tests hold who is
refused and why in one word, not every word).  Survivors that cannot be killed are explained in docs/mutation.md.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODULES = ("base64url", "strict_json", "jws", "merkle", "notes", "verify", "stump")
TESTS = ("test_line_forms.py", "test_merkle.py", "test_notes.py", "test_brackets.py", "test_vectors.py")
# every byte of every line changed: minutes, and no mutant needs more than the few below
SLOW = "every_changed_byte_of_a_line or every_changed_byte_of_a_note or note_cut_short or cut_short_in_its_last_line"
# a mutant that takes longer loops, and counts as noticed.  On an idle core the exact tests take 0.5 s, all of them 10 s
EXACT_S, LIMIT_S = 60.0, 400.0
SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


class Mutants(ast.NodeVisitor):
    """Every place of a module that can be changed, as (line, what, change of the node)."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[tuple[int, str, ast.AST, Any]] = []  # the node, and what makes its replacement of a copy
        self.visit(tree)

    def _add(self, node: Any, what: str, change: Any) -> None:
        self.found.append((node.lineno, what, node, change))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in (*node.args.defaults, *(each for each in node.args.kw_defaults if each)):
            self.visit(default)
        self._body(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._body(node.body)

    def visit_Module(self, node: ast.Module) -> None:
        self._body(node.body)

    def _body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                continue  # a docstring
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_Import(self, node: ast.Import) -> None: ...
    def visit_ImportFrom(self, node: ast.ImportFrom) -> None: ...

    def visit_Raise(self, node: ast.Raise) -> None:
        self._add(node, "raise -> pass", lambda _: ast.Pass())

    def visit_Expr(self, node: ast.Expr) -> None:
        self._add(node, f"{ast.unparse(node)[:40]} -> pass", lambda _: ast.Pass())
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._add(node, f"{ast.unparse(node)[:40]} -> pass", lambda _: ast.Pass())
        self._swap(node, node.op)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._add(node, "return -> return None", lambda _: ast.Return(ast.Constant(None)))
        self.generic_visit(node)

    def _test(self, node: Any) -> None:
        def negate(each: Any) -> Any:
            each.test = ast.UnaryOp(ast.Not(), each.test)
            return each

        self._add(node, f"not ({ast.unparse(node.test)[:50]})", negate)
        self.generic_visit(node)

    visit_If = visit_While = visit_IfExp = _test

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self._swap(node, node.op)
        for number, value in enumerate(node.values):

            def drop(each: Any, number: int = number) -> Any:
                each.values.pop(number)
                return each.values[0] if len(each.values) == 1 else each

            self._add(node, f"without {ast.unparse(value)[:50]}", drop)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._swap(node, node.op)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self._add(node, f"{ast.unparse(node)[:40]} without {type(node.op).__name__}", lambda each: each.operand)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for number, op in enumerate(node.ops):
            if type(op) in SWAPS:

                def change(each: Any, number: int = number) -> Any:
                    each.ops[number] = SWAPS[type(each.ops[number])]()
                    return each

                self._add(node, f"{ast.unparse(node)[:50]}: {type(op).__name__} -> {SWAPS[type(op)].__name__}", change)
        self.generic_visit(node)

    def _swap(self, node: Any, op: Any) -> None:
        if type(op) not in SWAPS:
            return

        def change(each: Any) -> Any:
            each.op = SWAPS[type(each.op)]()
            return each

        self._add(node, f"{ast.unparse(node)[:50]}: {type(op).__name__} -> {SWAPS[type(op)].__name__}", change)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        others: list[Any] = []
        if isinstance(value, bool):
            others = [not value]
        elif isinstance(value, int):
            others = [value + 1, value - 1]
        elif isinstance(value, str):
            others = ["XX" + value]
        elif isinstance(value, bytes):
            others = [b"XX" + value]
        for other in others:
            self._add(node, f"{value!r} -> {other!r}", lambda _, other=other: ast.Constant(other))

    def visit_Break(self, node: ast.Break) -> None:
        self._add(node, "break -> continue", lambda _: ast.Continue())

    def visit_Continue(self, node: ast.Continue) -> None:
        self._add(node, "continue -> break", lambda _: ast.Break())


class Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, change: Any) -> None:
        self.target, self.change = target, change

    def visit(self, node: ast.AST) -> Any:
        if node is self.target:
            return ast.copy_location(self.change(copy.deepcopy(node)), node)
        return self.generic_visit(node)


def mutants(name: str) -> Iterator[tuple[int, str, Any]]:
    """(line, what, code) of every mutant of a module of edge_agent/tools."""
    source = (ROOT / f"edge_agent/tools/{name}.py").read_text()
    tree = ast.parse(source)
    for line, what, node, change in Mutants(tree).found:
        yield line, what, compile(ast.fix_missing_locations(_replaced(tree, node, change)), f"{name}.py", "exec")


def _replaced(tree: ast.Module, node: ast.AST, change: Any) -> ast.Module:
    """A copy of the tree with the one node changed."""
    path = next(number for number, each in enumerate(ast.walk(tree)) if each is node)
    fresh = copy.deepcopy(tree)
    target = next(each for number, each in enumerate(ast.walk(fresh)) if number == path)
    changed: ast.Module = Replace(target, change).visit(fresh)
    return changed


class Spoiled(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module as its mutant."""

    def __init__(self, name: str, code: Any) -> None:
        self.name, self.code = f"edge_agent.tools.{name}", code

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)


def preload() -> None:
    """What every mutant needs and none of it is ours."""
    import cryptography.hazmat.primitives.asymmetric.ed25519
    import hypothesis
    import joserfc.jwk
    import joserfc.jws
    import pytest

    assert cryptography and joserfc and pytest
    hypothesis.settings.register_profile("mutation", database=None, derandomize=True, deadline=None, max_examples=60)
    hypothesis.settings.load_profile("mutation")


def noticed(name: str, code: Any, shown: bool = False) -> bool:
    """Whether the tests notice: first the exact ones, called one by one; where they do not, all of them."""
    return any(not _passes(name, code, tests, limit_s, shown) for tests, limit_s in ((_exact, EXACT_S), (_all, LIMIT_S)))


def _exact() -> bool:
    from tests.evidence import test_exactly

    tests = {called: value for called, value in vars(test_exactly).items() if called.startswith("test_")}
    for called in sorted(tests, key=lambda called: "longest" in called):  # those take longest, too
        tests[called]()
    return True


def _all() -> bool:
    import pytest

    words = [
        *(str(ROOT / "tests/evidence" / test) for test in TESTS),
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        f"not ({SLOW})",
    ]
    return int(pytest.main(words)) == 0


def _passes(name: str, code: Any, tests: Callable[[], bool], limit_s: float, shown: bool) -> bool:
    """In a fork, where the module is its mutant."""
    child = os.fork()
    if child == 0:
        passed = False
        try:
            if not shown:
                silent = os.open(os.devnull, os.O_WRONLY)
                os.dup2(silent, 1)
                os.dup2(silent, 2)
            if code is not None:
                sys.meta_path.insert(0, Spoiled(name, code))
            passed = tests()
        finally:
            os._exit(0 if passed else 1)
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)  # it loops
    os.waitpid(child, 0)
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="MODULE", help=", ".join(MODULES))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this mutant alone, with its tests shown")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    preload()
    if noticed("", None):
        print("the tests do not pass on the unchanged code: nothing can be said")
        return 1
    total, survivors = 0, []
    for name in chosen.modules:
        count = killed = 0
        for number, (line, what, code) in enumerate(mutants(name)):
            if chosen.only is not None and number != chosen.only:
                continue
            count += 1
            if noticed(name, code, chosen.only is not None):
                killed += 1
            else:
                survivors.append(f"{name}.py:{line}  #{number}  {what}")
                print(f"  survives  {survivors[-1]}", flush=True)
        total += count
        print(f"{name}: {killed} of {count} killed", flush=True)
    score = 100 * (total - len(survivors)) / max(total, 1)
    print(f"mutation score {score:.1f} % ({total - len(survivors)} of {total})")
    return 0 if score >= 90 else 1


if __name__ == "__main__":
    sys.exit(main())
