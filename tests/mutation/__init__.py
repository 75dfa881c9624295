"""Thousands of small changes to the program, each of which a test should notice: `python -m tests.mutation --help`.

The changes are those that mutmut makes. Its runner starts pytest anew for each of them, which takes seconds; here the
tests are collected once, and each change is tried in a fork of that process, with the tests that reach its line.

Who may import whom: `making` and `measuring` nobody, `trying` both, `known` `making`, and `__main__` all.
"""
